# SPDX-License-Identifier: GPL-2.0-only
#
#   make            build everything into build/
#   make demo       install what is missing, build, run the demonstration
#   make check      install what is missing, build, run the tests
#   make install    PREFIX=/usr/local (DESTDIR is honoured)
#   SANITIZE=1      the same with ASan and UBSan, in build-san/
#   make bench      the benchmarks of tests/bench
#   make experiments  runs the experiments of docs/experiments.md and writes their tables and pictures anew
#   make soak       the random tests with fresh seeds for SOAK_SECONDS (3600)
#   make clean
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:

SANITIZE ?=
BUILD    ?= $(if $(SANITIZE),build-san,build)
PREFIX   ?= /usr/local
VERSION  := 0.1

CC       := gcc
RVCC     := riscv64-unknown-elf-gcc
WARN     := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla
DEPGEN    = -MMD -MP

# ---- the host program -------------------------------------------------------------------------
PKGS       := unicorn capstone sqlite3 libxxhash libzstd zlib libdw libelf
HOST_SRC   := $(wildcard emu/*.c emu/debug/*.c mmu/*.c fs/*.c fs/host/*.c traces/*.c traces/report/*.c traces/ext/*.c)
HOST_OBJ   := $(HOST_SRC:%.c=$(BUILD)/host/%.o)
HOST_FLAGS  = -std=c11 -D_GNU_SOURCE -O2 -g $(WARN) $(DEPGEN) -I$(BUILD)/gen -DTARRY_VERSION='"$(VERSION)"' \
              $(shell pkg-config --cflags $(PKGS)) \
              $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
HOST_LIBS   = $(shell pkg-config --libs $(PKGS)) -lfdt -lpthread -lm -ldl
comma      := ,

# ---- the guest --------------------------------------------------------------------------------
KERNEL_SRC := $(wildcard guestos/kernel/*.c guestos/kernel/*.S fs/*.c)
KERNEL_OBJ := $(addprefix $(BUILD)/kernel/,$(addsuffix .o,$(KERNEL_SRC)))
KERNEL_FLAGS := --specs=picolibc.specs -march=rv64imac -mabi=lp64 -mcmodel=medany -std=gnu11 -O2 -g -ffreestanding \
              -fno-common -fno-pic -fno-tree-loop-distribute-patterns $(WARN) $(DEPGEN) -Iguestos/include

USER_LIB   := $(wildcard guestos/user/lib/*.c guestos/user/lib/*.S)
USER_LIBOBJ := $(addprefix $(BUILD)/user/,$(addsuffix .o,$(USER_LIB)))
# A program is guestos/user/NAME.c or, but for lib, the directory guestos/user/NAME/*.c.
USER_DIRS  := $(filter-out lib,$(patsubst guestos/user/%/,%,$(sort $(dir $(wildcard guestos/user/*/*.c)))))
USER_PROGS := $(patsubst guestos/user/%.c,%,$(wildcard guestos/user/*.c)) $(USER_DIRS)
USER_OBJ    = $(patsubst %,$(BUILD)/user/%.o,$(wildcard guestos/user/$1.c guestos/user/$1/*.c))
USER_BIN   := $(USER_PROGS:%=$(BUILD)/guest/bin/%)
USER_FLAGS := --specs=picolibc.specs -march=rv64gc -mabi=lp64d -mcmodel=medany -std=gnu11 -Os -g \
              -ffunction-sections -fdata-sections -fno-common $(WARN) $(DEPGEN) -Iguestos/include -Iguestos/user/lib

# ---- tests ------------------------------------------------------------------------------------
UNIT_SRC   := $(wildcard tests/unit/*.c)
UNIT_BIN   := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)
SCRIPTS    := $(wildcard tests/*.t)

.PHONY: all demo check bench experiments soak install clean packages-build packages-test packages-soak setup-build setup-test setup-soak
all: packages-build
	@$(MAKE) --no-print-directory build

.PHONY: build
build: $(BUILD)/tarry $(BUILD)/tarry.so $(BUILD)/kernel.elf $(BUILD)/guest.img
	@:

packages-build packages-test packages-soak: packages-%:
	@.ci/packages check $*
setup-build setup-test setup-soak: setup-%:
	@.ci/packages install $*

demo: setup-build
	@$(MAKE) --no-print-directory build
	@BUILD=$(BUILD) tests/demo.sh

check: setup-test
	@$(MAKE) --no-print-directory build unit
	@BUILD=$(BUILD) SANITIZE=$(SANITIZE) prove --timer -j2 $(UNIT_BIN) $(SCRIPTS)

.PHONY: unit
unit: $(UNIT_BIN)

# ---- rules: host ------------------------------------------------------------------------------
$(BUILD)/host/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(HOST_FLAGS) -c -o $@ $<

$(BUILD)/tarry: $(HOST_OBJ)
	@echo "  LD      $@"
	@$(CC) $(HOST_FLAGS) -o $@ $^ $(HOST_LIBS)

-include emu/emu.mk traces/traces.mk traces/report/report.mk
-include tests/guest.mk

# ---- rules: guest -----------------------------------------------------------------------------
$(BUILD)/kernel/%.o: %
	@mkdir -p $(@D)
	@echo "  RVCC    $<"
	@$(RVCC) $(KERNEL_FLAGS) -c -o $@ $<

$(BUILD)/kernel.elf: $(KERNEL_OBJ) guestos/kernel/kernel.ld
	@echo "  RVLD    $@"
	@$(RVCC) $(KERNEL_FLAGS) -nostartfiles -static -Wl,--no-warn-rwx-segments -Wl,--gc-sections -T guestos/kernel/kernel.ld -o $@ $(KERNEL_OBJ)

$(BUILD)/user/%.o: %
	@mkdir -p $(@D)
	@echo "  RVCC    $<"
	@$(RVCC) $(USER_FLAGS) -c -o $@ $<

$(BUILD)/user/libtarry.a: $(USER_LIBOBJ)
	@rm -f $@; riscv64-unknown-elf-ar rcs $@ $^

# What a program was compiled with lies beside the image, under the name that its .gnu_debuglink gives.
$(foreach p,$(USER_PROGS),$(eval $(BUILD)/guest/bin/$p: $(call USER_OBJ,$p)))
$(USER_BIN): $(BUILD)/guest/bin/%: $(BUILD)/user/libtarry.a guestos/user/user.ld
	@mkdir -p $(@D) $(BUILD)/debug
	@echo "  RVLD    $@"
	@$(RVCC) $(USER_FLAGS) -nostartfiles -static -Wl,--gc-sections -T guestos/user/user.ld -o $@ $(filter %.o,$^) \
	    -Wl,--start-group $(BUILD)/user/libtarry.a -lc -lgcc -Wl,--end-group
	@riscv64-unknown-elf-objcopy --only-keep-debug $@ $(BUILD)/debug/$*.debug
	@riscv64-unknown-elf-objcopy -g --add-gnu-debuglink=$(BUILD)/debug/$*.debug $@

$(BUILD)/guest.img: $(BUILD)/tarry $(USER_BIN)
	@echo "  IMG     $@"
	@rm -f $@ $@.new
	@$(BUILD)/tarry fs create $@.new 16G
	@$(BUILD)/tarry fs put $@.new $(BUILD)/guest/bin /bin
	@mv $@.new $@

# ---- rules: tests -----------------------------------------------------------------------------
# Unit tests see every host object but main's.
$(BUILD)/tests/%: tests/unit/%.c $(filter-out $(BUILD)/host/emu/main.o,$(HOST_OBJ))
	@mkdir -p $(@D)
	@echo "  TEST    $@"
	@$(CC) $(HOST_FLAGS) -I. -Itests -o $@ $< $(filter %.o,$^) $(HOST_LIBS) -lcmocka

-include tests/khost.mk
-include tests/fuzz.mk
-include tests/lockstep/lockstep.mk
-include tests/walks/walks.mk

bench: setup-test
	@$(MAKE) --no-print-directory build unit
	@BUILD=$(BUILD) tests/bench/run

experiments: setup-test
	@$(MAKE) --no-print-directory build
	@BUILD=$(BUILD) tests/experiments/run --write

soak: setup-soak
	@$(MAKE) --no-print-directory build unit
	@BUILD=$(BUILD) tests/soak.sh

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/tarry/debug $(DESTDIR)$(PREFIX)/lib/tarry
	install -m 755 $(BUILD)/tarry.so $(DESTDIR)$(PREFIX)/lib/tarry/tarry.so
	install -m 755 $(BUILD)/tarry $(DESTDIR)$(PREFIX)/bin/tarry
	install -m 644 $(BUILD)/kernel.elf $(BUILD)/guest.img $(DESTDIR)$(PREFIX)/share/tarry/
	install -m 644 $(BUILD)/debug/*.debug $(DESTDIR)$(PREFIX)/share/tarry/debug/

clean:
	rm -rf build build-san

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
