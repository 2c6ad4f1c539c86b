# SPDX-License-Identifier: GPL-2.0-only
# Build rules of emu/: numbers of Linux' system calls and errors, from the kernel's headers for programs. Those are the
# generic ones, which riscv uses; the two calls of its own stand here. Included by the Makefile.
LINUX_CALLS := -D__BITS_PER_LONG=64 -D__ARCH_WANT_NEW_STAT -D__ARCH_WANT_SET_GET_RLIMIT -D__ARCH_WANT_MEMFD_SECRET \
               -D__ARCH_WANT_SYS_CLONE3 -D__NR_riscv_hwprobe=258 -D__NR_riscv_flush_icache=259

$(BUILD)/gen/linux_%.inc: emu/calls.awk emu/emu.mk
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	@echo '#include <asm-generic/$(if $(filter calls,$*),unistd,errno).h>' | \
	    $(CC) -E -dM $(LINUX_CALLS) - | LC_ALL=C awk -v prefix=$(if $(filter calls,$*),__NR_,E) -f emu/calls.awk >$@

$(BUILD)/host/emu/calls.o: $(BUILD)/gen/linux_calls.inc $(BUILD)/gen/linux_errors.inc
