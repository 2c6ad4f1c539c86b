# SPDX-License-Identifier: GPL-2.0-only
# Build rules of traces/: the canned queries are embedded in the binary. Included by the Makefile.
$(BUILD)/gen/queries.inc: $(sort $(wildcard traces/queries/*.sql)) traces/queries.awk traces/queries traces/traces.mk
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	@LC_ALL=C awk -f traces/queries.awk $(sort $(wildcard traces/queries/*.sql)) >$@

$(BUILD)/host/traces/queries.o: $(BUILD)/gen/queries.inc
