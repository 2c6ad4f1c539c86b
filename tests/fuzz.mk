# SPDX-License-Identifier: GPL-2.0-only
# Targets for libFuzzer (tests/fuzz); make soak runs them where there is a clang that has it.
FUZZ_BOOT := tests/fuzz/boot.c emu/loader.c emu/loader_elf.c emu/loader_image.c emu/loader_gzip.c emu/fdt.c emu/fdt_patch.c

$(BUILD)/tests/fuzz_boot: $(FUZZ_BOOT) $(wildcard emu/*.h tests/boot_sample.h)
	@mkdir -p $(@D)
	@echo "  FUZZ    $@"
	@clang $(filter-out -M%,$(HOST_FLAGS)) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I. -o $@ $(FUZZ_BOOT) \
	    -lfdt -lz -lunicorn

FUZZ_ACCESS := tests/fuzz/access.c traces/access_decode.c

$(BUILD)/tests/fuzz_access: $(FUZZ_ACCESS) $(wildcard traces/access*.h)
	@mkdir -p $(@D)
	@echo "  FUZZ    $@"
	@clang $(filter-out -M%,$(HOST_FLAGS)) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I. -o $@ $(FUZZ_ACCESS) -lzstd

.PHONY: fuzz
fuzz: $(BUILD)/tests/fuzz_boot $(BUILD)/tests/fuzz_access
