# SPDX-License-Identifier: GPL-2.0-only
# Instruction tests: machine-mode programs (tests/lockstep/guest/*.S) and the driver that compares them with QEMU.
LOCKSTEP_SRC   := $(wildcard tests/lockstep/*.c)
LOCKSTEP_GUEST := $(patsubst tests/lockstep/guest/%.S,$(BUILD)/tests/lockstep/%.elf,$(wildcard tests/lockstep/guest/*.S))
LOCKSTEP_FLAGS := -march=rv64gc -mabi=lp64d -nostdlib -static -g -Wl,--build-id=none -Wl,--no-warn-rwx-segments

$(BUILD)/tests/lockstep/%.elf: tests/lockstep/guest/%.S $(wildcard tests/lockstep/guest/*.h) tests/lockstep/guest/test.ld
	@mkdir -p $(@D)
	@echo "  GUEST   $@"
	@$(RVCC) $(LOCKSTEP_FLAGS) -T tests/lockstep/guest/test.ld -o $@ $<

$(BUILD)/tests/lockstep/lockstep: $(LOCKSTEP_SRC) $(wildcard tests/lockstep/*.h) \
                                  $(filter-out $(BUILD)/host/emu/main.o,$(HOST_OBJ))
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) -o $@ $(LOCKSTEP_SRC) $(filter %.o,$^) $(HOST_LIBS)

.PHONY: lockstep
lockstep: $(LOCKSTEP_GUEST) $(BUILD)/tests/lockstep/lockstep
unit: lockstep
