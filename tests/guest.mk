# SPDX-License-Identifier: GPL-2.0-only
# Test guests: small supervisor programs (tests/guest/*.c) that run on Tarry and on QEMU, and the driver that boots them.
GUEST_LIB    := tests/guest/start.S tests/guest/guest.c
GUESTS       := $(filter-out guest,$(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c)))
GUEST_ELF    := $(GUESTS:%=$(BUILD)/tests/guest/%.elf)
GUEST_FLAGS  := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -std=gnu11 -O1 -g -ffreestanding -nostdlib -static \
                -fno-common -msmall-data-limit=0 -Wall -Wextra -Werror -Wl,--build-id=none -Wl,--no-warn-rwx-segments

$(BUILD)/tests/guest/%.elf: tests/guest/%.c $(GUEST_LIB) tests/guest/guest.h tests/guest/guest.ld
	@mkdir -p $(@D)
	@echo "  GUEST   $@"
	@$(RVCC) $(GUEST_FLAGS) -T tests/guest/guest.ld -o $@ $< $(GUEST_LIB)

$(BUILD)/tests/run_elf: tests/run_elf.c $(filter-out $(BUILD)/host/emu/main.o,$(HOST_OBJ))
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(HOST_FLAGS) -I. -o $@ $< $(filter %.o,$^) $(HOST_LIBS)

.PHONY: guests
guests: $(GUEST_ELF) $(BUILD)/tests/run_elf
unit: guests

# The CPU engine by itself; tests/bench/run times it.
$(BUILD)/tests/engine: tests/bench/engine.c
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(HOST_FLAGS) -o $@ $< $(HOST_LIBS)
guests: $(BUILD)/tests/engine
