# SPDX-License-Identifier: GPL-2.0-only
# The guests of random walks (tests/walks.t) and of the software-managed TLB (tests/softtlb.t).
WALKS_LIB   := tests/walks/random.c tests/walks/start.S tests/guest/output.c
WALKS_SRC   := $(sort $(wildcard tests/walks/*.c) $(WALKS_LIB))
SOFTTLB_SRC := tests/walks/soft/soft.c $(WALKS_LIB)
WALKS_ELF   := $(BUILD)/tests/walks/walks.elf $(BUILD)/tests/walks/soft.elf

$(BUILD)/tests/walks/walks.elf: $(WALKS_SRC)
$(BUILD)/tests/walks/soft.elf: $(SOFTTLB_SRC)
$(WALKS_ELF): tests/walks/walks.h tests/walks/walks.ld tests/guest/guest.h
	@mkdir -p $(@D)
	@echo "  GUEST   $@"
	@$(RVCC) $(filter-out -O1,$(GUEST_FLAGS)) -O2 -T tests/walks/walks.ld -o $@ $(filter %.c %.S,$^)

.PHONY: walks
walks: $(WALKS_ELF)
unit: walks
