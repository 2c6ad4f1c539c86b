# SPDX-License-Identifier: GPL-2.0-only
# Test guests: small supervisor programs (tests/guest/*.c) and machine-mode programs (tests/guest/m/*.c) that run on
# Tarry and on QEMU, and the driver that boots them.
GUEST_LIB    := tests/guest/start.S tests/guest/guest.c tests/guest/output.c
GUESTS       := $(filter-out guest output,$(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c)))
M_GUEST_LIB  := tests/guest/m/start.S tests/guest/m/m.c tests/guest/output.c
M_GUESTS     := $(filter-out m,$(patsubst tests/guest/m/%.c,%,$(wildcard tests/guest/m/*.c)))
GUEST_ELF    := $(GUESTS:%=$(BUILD)/tests/guest/%.elf) $(M_GUESTS:%=$(BUILD)/tests/guest/m/%.elf)
GUEST_FLAGS  := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -std=gnu11 -O1 -g -ffreestanding -nostdlib -static \
                -fno-common -msmall-data-limit=0 -Wall -Wextra -Werror -Wl,--build-id=none -Wl,--no-warn-rwx-segments

$(BUILD)/tests/guest/%.elf: tests/guest/%.c $(GUEST_LIB) tests/guest/guest.h tests/guest/guest.ld traces/events.def traces/events.h
	@mkdir -p $(@D)
	@echo "  GUEST   $@"
	@$(RVCC) $(GUEST_FLAGS) -T tests/guest/guest.ld -o $@ $< $(GUEST_LIB)

$(BUILD)/tests/guest/m/%.elf: tests/guest/m/%.c $(M_GUEST_LIB) tests/guest/m/m.h tests/guest/guest.h tests/guest/m/m.ld
	@mkdir -p $(@D)
	@echo "  GUEST   $@"
	@$(RVCC) $(GUEST_FLAGS) -T tests/guest/m/m.ld -o $@ $< $(M_GUEST_LIB)

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
