# SPDX-License-Identifier: GPL-2.0-only
# The kernel's segment code, compiled for the host from its very sources, for tests/unit/seg_*.c. Included by the Makefile.
KHOST_SRC := $(addprefix guestos/kernel/,sourcemap.c pagemap.c segment.c fault.c fill.c reserve.c around.c clock.c swap.c nospace.c fileio.c policy.c readnow.c \
                transfers.c image.c zero.c ucopy.c lock.c cause.c) $(wildcard tests/khost/*.c)
KHOST_SRC += $(filter-out tests/model/tool.c,$(wildcard tests/model/*.c))
KHOST_OBJ := $(KHOST_SRC:%.c=$(BUILD)/khost/%.o)
KHOST_FLAGS = $(HOST_FLAGS) -std=gnu11 -I. -Iguestos/include -DSUPER_SHIFT=14 # superpages of four pages

$(BUILD)/khost/%.o: %.c
	@mkdir -p $(@D)
	@echo "  KHOSTCC $<"
	@$(CC) $(KHOST_FLAGS) -c -o $@ $<

$(BUILD)/khost/libkhost.a: $(KHOST_OBJ)
	@rm -f $@; ar rcs $@ $^

$(BUILD)/tests/seg_%: tests/unit/seg_%.c $(BUILD)/khost/libkhost.a $(patsubst fs/%.c,$(BUILD)/host/fs/%.o,$(wildcard fs/*.c))
	@mkdir -p $(@D)
	@echo "  TEST    $@"
	@$(CC) $(KHOST_FLAGS) -Itests -o $@ $< $(filter %.a %.o,$^) -lcmocka -lpthread

# The tool that makes model programs for the guest (tests/model.t).
$(BUILD)/tests/model: tests/model/tool.c $(BUILD)/khost/libkhost.a
	@mkdir -p $(@D)
	@echo "  TEST    $@"
	@$(CC) $(KHOST_FLAGS) -o $@ $^
unit: $(BUILD)/tests/model

# The block cache over surroundings of its own, for tests/unit/cache_*.c.
CACHE_SRC := $(addprefix guestos/kernel/,buf.c bufio.c cache.c cachefs.c cachestat.c writeback.c cause.c) tests/khost/cache/cachehost.c tests/khost/random.c
$(BUILD)/khost/libcache.a: $(CACHE_SRC:%.c=$(BUILD)/khost/%.o)
	@rm -f $@; ar rcs $@ $^

$(BUILD)/tests/cache_%: tests/unit/cache_%.c $(BUILD)/khost/libcache.a $(patsubst fs/%.c,$(BUILD)/host/fs/%.o,$(wildcard fs/*.c))
	@mkdir -p $(@D)
	@echo "  TEST    $@"
	@$(CC) $(KHOST_FLAGS) -Itests -o $@ $< $(filter %.a %.o,$^) -lcmocka

# Frames, reservations and page tables, for tests/unit/super_*.c: a machine whose memory lies where the host has it.
SUPER_SRC := $(addprefix guestos/kernel/,page.c kalloc.c reserve.c pagemap.c mmusv.c mmusuper.c) tests/khost/super/superhost.c tests/khost/random.c
SUPER_FLAGS = $(HOST_FLAGS) -std=gnu11 -I. -Iguestos/include -Itests -DKZERO=0ull -include tests/khost/super/riscv.h
$(BUILD)/khost/super/%.o: %.c
	@mkdir -p $(@D)
	@echo "  KHOSTCC $<"
	@$(CC) $(SUPER_FLAGS) -c -o $@ $<
$(BUILD)/khost/libsuper.a: $(SUPER_SRC:%.c=$(BUILD)/khost/super/%.o)
	@rm -f $@; ar rcs $@ $^

$(BUILD)/tests/super_%: tests/unit/super_%.c $(BUILD)/khost/libsuper.a $(BUILD)/host/mmu/walk.o
	@mkdir -p $(@D)
	@echo "  TEST    $@"
	@$(CC) $(SUPER_FLAGS) -o $@ $< $(filter %.a %.o,$^) -lcmocka
