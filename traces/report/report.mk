# SPDX-License-Identifier: GPL-2.0-only
# Build rules of traces/report: what a report is made of is embedded in the binary. Included by the Makefile.
REPORT_JS := $(addprefix traces/report/,$(addsuffix .js,base cells view map pages disk curves replacement snapshots tables main))
REPORT_DIR := $(BUILD)/gen/report

$(REPORT_DIR)/report.js: $(REPORT_JS) traces/report/report.mk
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	@cat $(REPORT_JS) >$@

# Asked for again as long as it is missing.
$(REPORT_DIR)/uplot.js: traces/report/uplot.sh $(if $(shell test -s $(REPORT_DIR)/uplot.js && echo there),,FORCE)
	@echo "  NPM     $@"
	@traces/report/uplot.sh $(@D)

.PHONY: FORCE
FORCE:

$(BUILD)/host/traces/report/assets.o: $(REPORT_DIR)/report.js $(REPORT_DIR)/uplot.js traces/report/report.html traces/report/report.css
