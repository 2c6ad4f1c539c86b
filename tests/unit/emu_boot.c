/* SPDX-License-Identifier: GPL-2.0-only */
/* Where machine_boot puts things, what the device tree says of them, and in what state the hart begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include "boot_sample.h"
#include "emu/boot.h"
#include "emu/machine_priv.h"

#define RAM (64ull << 20)
#define INITRD 5000

static char err[512], dir[] = "/tmp/emu_boot-XXXXXX";

static char *file(const char *name, const void *bytes, size_t n)
{
    static char path[8][64];
    static unsigned next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    FILE *f = fopen(p, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return p;
}

static struct machine *machine(const char *bootargs)
{
    struct machine_config config = {.ram_bytes = RAM, .bootargs = bootargs, .console_in = -1, .console_out = -1};
    struct machine *m = machine_new(&config, err, sizeof err);
    assert_non_null(m);
    return m;
}

static struct machine *booted(const struct boot *b)
{
    struct machine *m = machine("a=b  c");
    if (machine_boot(m, b, err, sizeof err) != 0)
        fail_msg("%s", err);
    return m;
}

static void refused(const struct boot *b, const char *pattern)
{
    struct machine *m = machine(NULL);
    assert_int_equal(machine_boot(m, b, err, sizeof err), -1);
    if (!strstr(err, pattern))
        fail_msg("'%s' does not say '%s'", err, pattern);
    machine_free(m);
}

static void *tree(struct machine *m)
{
    uint64_t pa = hart_reg(&m->hart, UC_RISCV_REG_A1);
    void *fdt = ram_at(m, pa, FDT_ROOM);
    assert_non_null(fdt);
    assert_int_equal(fdt_check_header(fdt), 0);
    return fdt;
}

static uint64_t number(const void *fdt, const char *path, const char *name)
{
    int n, node = fdt_path_offset(fdt, path);
    const void *p = fdt_getprop(fdt, node, name, &n);
    assert_non_null(p);
    return n == 8 ? fdt64_ld(p) : fdt32_ld(p);
}

static char *elf_at(uint64_t base)
{
    struct sample_elf e;
    return file("elf", &e, sample_elf(&e, base));
}

/* ---- which mode ---- */

static void a_low_elf_begins_in_machine_mode(void **state)
{
    (void)state;
    struct machine *m = booted(&(struct boot){.kernel = elf_at(RAM_BASE)});
    assert_int_equal(m->hart.privilege, MMU_MACHINE);
    assert_int_equal(m->hart.pc, RAM_BASE + 4);
    assert_int_equal(hart_reg(&m->hart, UC_RISCV_REG_A0), 0);
    assert_int_equal(*(uint32_t *)ram_at(m, RAM_BASE, 4), 0x5a5a5a5a);
    assert_int_equal(*(uint8_t *)ram_at(m, RAM_BASE + 0x100f, 1), 0x5a);
    assert_int_equal(*(uint8_t *)ram_at(m, RAM_BASE + 0x1010, 1), 0);
    machine_free(m);
}

static void a_high_elf_begins_in_supervisor_mode(void **state)
{
    (void)state;
    struct machine *m = booted(&(struct boot){.kernel = elf_at(KERNEL_BASE)});
    assert_int_equal(m->hart.privilege, MMU_SUPERVISOR);
    assert_int_equal(m->hart.pc, KERNEL_BASE + 4);
    machine_free(m);
}

static void the_mode_can_be_chosen(void **state)
{
    (void)state;
    struct machine *m = booted(&(struct boot){.kernel = elf_at(RAM_BASE), .bios = BIOS_SBI});
    assert_int_equal(m->hart.privilege, MMU_SUPERVISOR);
    machine_free(m);
    m = booted(&(struct boot){.kernel = elf_at(KERNEL_BASE), .bios = BIOS_NONE});
    assert_int_equal(m->hart.privilege, MMU_MACHINE);
    machine_free(m);
}

static void firmware_is_told_where_the_kernel_is(void **state)
{
    (void)state;
    struct sample_elf e;
    char *firmware = file("firmware", &e, sample_elf(&e, RAM_BASE));
    struct machine *m = booted(&(struct boot){.kernel = elf_at(KERNEL_BASE), .bios = BIOS_FILE, .firmware = firmware});
    assert_int_equal(m->hart.privilege, MMU_MACHINE);
    assert_int_equal(m->hart.pc, RAM_BASE + 4);
    const uint64_t *info = ram_at(m, hart_reg(&m->hart, UC_RISCV_REG_A2), 48);
    assert_non_null(info);
    assert_int_equal(info[0], 0x4942534f);
    assert_int_equal(info[2], KERNEL_BASE + 4);
    assert_int_equal(info[3], 1);
    assert_int_equal(fdt_check_full(tree(m), fdt_totalsize(tree(m))), 0);
    machine_free(m);
    refused(&(struct boot){.kernel = elf_at(RAM_BASE), .bios = BIOS_FILE, .firmware = firmware}, "want the same memory");
}

/* ---- formats ---- */

static void images(void **state)
{
    uint8_t image[SAMPLE_ROOM], packed[SAMPLE_ROOM];
    (void)state;
    size_t n = sample_image(image, 0x200000, 0x3000);
    char *paths[] = {file("Image", image, n), file("Image.gz", packed, sample_gzip(packed, image, n)),
                     file("vmlinuz", packed, sample_zboot(packed, image, n))};
    for (unsigned i = 0; i < 3; i++) {
        struct machine *m = machine(NULL);
        memset(ram_at(m, RAM_BASE, RAM), 0xff, RAM);
        if (machine_boot(m, &(struct boot){.kernel = paths[i]}, err, sizeof err) != 0)
            fail_msg("%s", err);
        assert_int_equal(m->hart.privilege, MMU_SUPERVISOR);
        assert_int_equal(m->hart.pc, KERNEL_BASE);
        assert_memory_equal(ram_at(m, KERNEL_BASE, n), image, n);
        assert_int_equal(*(uint8_t *)ram_at(m, KERNEL_BASE + 0x2fff, 1), 0); /* image_size */
        assert_int_equal(*(uint8_t *)ram_at(m, KERNEL_BASE + 0x3000, 1), 0xff);
        machine_free(m);
    }
    n = sample_image(image, 0, 0);
    struct machine *m = booted(&(struct boot){.kernel = file("Image", image, n)});
    assert_int_equal(m->hart.privilege, MMU_MACHINE); /* a kernel without an MMU */
    assert_int_equal(m->hart.pc, RAM_BASE);
    machine_free(m);
}

static void bad_files(void **state)
{
    uint8_t image[SAMPLE_ROOM], packed[SAMPLE_ROOM];
    struct sample_elf e;
    (void)state;
    refused(&(struct boot){.kernel = "/nonexistent"}, "/nonexistent: No such file");
    refused(&(struct boot){.kernel = dir}, "neither an ELF file nor");
    refused(&(struct boot){.kernel = file("text", "#!/bin/sh\n", 10)}, "neither an ELF file nor");
    sample_elf(&e, RAM_BASE);
    e.header.e_entry = 0;
    refused(&(struct boot){.kernel = file("entry", &e, sizeof e)}, "entry point outside");
    sample_elf(&e, RAM_BASE + RAM);
    refused(&(struct boot){.kernel = file("outside", &e, sizeof e)}, "outside of the 64 MiB of RAM");
    size_t n = sample_image(image, 0x200000, 1ull << 30);
    refused(&(struct boot){.kernel = file("huge", image, n)}, "outside of the 64 MiB of RAM");
    n = sample_image(image, 0x1000, 0);
    refused(&(struct boot){.kernel = file("odd", image, n)}, "makes no sense");
    n = sample_image(image, 0x200000, 0);
    image[24] = 1;
    refused(&(struct boot){.kernel = file("big", image, n)}, "big-endian");
    n = sample_gzip(packed, image, n);
    refused(&(struct boot){.kernel = file("cut.gz", packed, n - 9)}, "damaged or truncated gzip");
    packed[n - 6] ^= 1;
    refused(&(struct boot){.kernel = file("crc.gz", packed, n)}, "damaged or truncated gzip");
}

/* ---- what the tree says ---- */

static void the_tree_tells_the_kernel(void **state)
{
    static uint8_t initrd[INITRD];
    int n;
    (void)state;
    memset(initrd, 0x77, sizeof initrd);
    struct boot b = {.kernel = elf_at(KERNEL_BASE), .initrd = file("initrd", initrd, INITRD), .has_seed = true, .seed = 7};
    struct machine *m = booted(&b);
    void *fdt = tree(m);
    int chosen = fdt_path_offset(fdt, "/chosen");
    assert_string_equal(fdt_getprop(fdt, chosen, "bootargs", NULL), "a=b  c");
    uint64_t start = number(fdt, "/chosen", "linux,initrd-start"), end = number(fdt, "/chosen", "linux,initrd-end");
    assert_int_equal(end - start, INITRD);
    assert_int_equal(start % PAGE_BYTES, 0);
    assert_true(end <= RAM_BASE + RAM - FDT_ROOM);
    assert_memory_equal(ram_at(m, start, INITRD), initrd, INITRD);
    const fdt64_t *reg = fdt_getprop(fdt, fdt_path_offset(fdt, "/memory@80000000"), "reg", &n);
    assert_int_equal(n, 16);
    assert_int_equal(fdt64_ld(&reg[0]), RAM_BASE);
    assert_int_equal(fdt64_ld(&reg[1]), RAM);
    uint8_t first[64];
    const void *random = fdt_getprop(fdt, chosen, "rng-seed", &n);
    assert_int_equal(n, 64);
    memcpy(first, random, 64);
    machine_free(m);
    m = booted(&b);
    assert_memory_equal(fdt_getprop(tree(m), chosen, "rng-seed", NULL), first, 64);
    machine_free(m);
    b.seed = 8;
    m = booted(&b);
    assert_memory_not_equal(fdt_getprop(tree(m), chosen, "rng-seed", NULL), first, 64);
    machine_free(m);
}

/* A tree from a file, with two memory nodes and arguments of its own, larger than what is set aside for ours. */
static char *own_tree(void)
{
    static uint8_t fdt[200000];
    static const uint8_t filler[100000];
    assert_int_equal(fdt_create_empty_tree(fdt, sizeof fdt), 0);
    fdt_setprop_u32(fdt, 0, "#address-cells", 2);
    fdt_setprop_u32(fdt, 0, "#size-cells", 2);
    for (int i = 0; i < 2; i++) {
        int node = fdt_add_subnode(fdt, 0, i ? "memory@90000000" : "memory@80000000");
        fdt_setprop_string(fdt, node, "device_type", "memory");
        fdt_setprop_u64(fdt, node, "reg", 1);
    }
    fdt_setprop_string(fdt, fdt_add_subnode(fdt, 0, "chosen"), "bootargs", "its own");
    assert_int_equal(fdt_setprop(fdt, 0, "filler", filler, sizeof filler), 0);
    fdt_pack(fdt);
    return file("own.dtb", fdt, fdt_totalsize(fdt));
}

static void a_tree_from_a_file(void **state)
{
    (void)state;
    struct boot b = {.kernel = elf_at(KERNEL_BASE), .dtb = own_tree()};
    struct machine *m = machine(NULL);
    assert_int_equal(machine_boot(m, &b, err, sizeof err), 0);
    uint64_t pa = hart_reg(&m->hart, UC_RISCV_REG_A1);
    assert_int_equal(pa, RAM_BASE + RAM - 2 * FDT_ROOM);
    const void *fdt = ram_at(m, pa, 2 * FDT_ROOM);
    assert_int_equal(fdt_check_full(fdt, 2 * FDT_ROOM), 0);
    int chosen = fdt_path_offset(fdt, "/chosen");
    assert_string_equal(fdt_getprop(fdt, chosen, "bootargs", NULL), "its own");
    assert_true(fdt_path_offset(fdt, "/memory@90000000") < 0);
    int n;
    const fdt64_t *reg = fdt_getprop(fdt, fdt_path_offset(fdt, "/memory@80000000"), "reg", &n);
    assert_int_equal(n, 16);
    assert_int_equal(fdt64_ld(&reg[1]), RAM);
    machine_free(m);
    m = booted(&b);
    fdt = ram_at(m, hart_reg(&m->hart, UC_RISCV_REG_A1), 2 * FDT_ROOM);
    assert_string_equal(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", NULL), "a=b  c");
    machine_free(m);
    b.dtb = file("no.dtb", "nothing of the kind", 19);
    refused(&b, "no.dtb: is not a flattened device tree");
    b.dtb = "/nonexistent";
    refused(&b, "/nonexistent: No such file");
}

static void what_does_not_fit(void **state)
{
    static uint8_t large[RAM - FDT_ROOM];
    (void)state;
    struct boot b = {.kernel = elf_at(KERNEL_BASE), .initrd = file("large", large, sizeof large)};
    refused(&b, "larger than the memory");
    b.initrd = file("large", large, sizeof large - 0x200000);
    refused(&b, "elf: segment");
    b.initrd = file("empty", "", 0);
    refused(&b, "is empty");
    b.initrd = dir;
    refused(&b, "not a file");
    char *args = malloc(70000);
    memset(args, 'x', 69999);
    args[69999] = '\0';
    struct machine *m = machine(args);
    assert_int_equal(machine_boot(m, &(struct boot){.kernel = elf_at(KERNEL_BASE)}, err, sizeof err), -1);
    assert_non_null(strstr(err, "make them shorter"));
    machine_free(m);
    free(args);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_low_elf_begins_in_machine_mode),
        cmocka_unit_test(a_high_elf_begins_in_supervisor_mode),
        cmocka_unit_test(the_mode_can_be_chosen),
        cmocka_unit_test(firmware_is_told_where_the_kernel_is),
        cmocka_unit_test(images),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(the_tree_tells_the_kernel),
        cmocka_unit_test(a_tree_from_a_file),
        cmocka_unit_test(what_does_not_fit),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("booting", tests, make_dir, remove_dir);
}
