# SPDX-License-Identifier: GPL-2.0-only
# The guest of random walks: tests/walks.t and tests/walks/compare.py.
WALKS_SRC := $(wildcard tests/walks/*.c tests/walks/*.S) tests/guest/output.c

$(BUILD)/tests/walks/walks.elf: $(WALKS_SRC) tests/walks/walks.h tests/walks/walks.ld tests/guest/guest.h
	@mkdir -p $(@D)
	@echo "  GUEST   $@"
	@$(RVCC) $(filter-out -O1,$(GUEST_FLAGS)) -O2 -T tests/walks/walks.ld -o $@ $(WALKS_SRC)

.PHONY: walks
walks: $(BUILD)/tests/walks/walks.elf
unit: walks
