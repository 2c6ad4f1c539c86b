/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files to boot that mean no good: ELF files, Images, compressed ones and device trees with random damage. They are
 * refused with a message, or taken within their bounds (run it with SANITIZE=1). TARRY_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "boot_sample.h"
#include "emu/fdt.h"
#include "emu/loader.h"
#include "emu/machine_priv.h"
#include "random.h"

#define RAM (8ull << 20)
#define FILES 100000
#define TREES 30000
#define TREE_ROOM 0x10000

static char err[512];

/* Numbers that break arithmetic, as often as random ones. */
static uint64_t nasty(void)
{
    static const uint64_t numbers[] = {0, 1, 0x7fffffff, 0xffffffff, ~0ull, ~0ull - 7, 1ull << 63, 0x80000000,
                                       0x80001000, 4096, 64, 0xffff, 0x80000000ull + RAM};
    return below(2) ? numbers[below(sizeof numbers / sizeof *numbers)] : rnd() >> below(64);
}

static void damage(uint8_t *bytes, size_t n)
{
    for (uint64_t hits = 1 + below(4); hits > 0; hits--) {
        uint64_t value = nasty();
        size_t width = 1ull << below(4), at = below(n);
        /* most fields are aligned to their size */
        at = below(4) ? at / width * width : at;
        memcpy(bytes + at, &value, width < n - at ? width : n - at);
    }
}

/* One of the samples; *n its size. */
static void sample(uint8_t *to, size_t *n)
{
    struct sample_elf elf;
    uint8_t image[SAMPLE_ROOM];
    sample_elf(&elf, below(2) ? RAM_BASE : KERNEL_BASE);
    size_t image_bytes = sample_image(image, below(2) ? 0 : 0x200000, below(2) ? 0 : 0x10000);
    switch (below(5)) {
    case 0:
    case 1:
        memcpy(to, &elf, *n = sizeof elf);
        break;
    case 2:
        memcpy(to, image, *n = image_bytes);
        break;
    case 3:
        *n = sample_gzip(to, &elf, sizeof elf);
        break;
    default:
        *n = sample_zboot(to, image, image_bytes);
    }
}

static void check_bounds(const struct loader *l)
{
    assert_true(l->npieces > 0 && l->npieces <= LOADER_PIECES);
    for (unsigned i = 0; i < l->npieces; i++) {
        const struct loader_piece *p = &l->pieces[i];
        assert_true(p->offset <= l->size && p->file_bytes <= l->size - p->offset && p->file_bytes <= p->bytes);
        assert_true(p->pa >= l->low && p->pa + p->bytes <= l->high && p->pa <= p->pa + p->bytes);
    }
}

static void random_files(void **state)
{
    struct machine_config config = {.ram_bytes = RAM, .console_in = -1, .console_out = -1};
    struct machine *m = machine_new(&config, err, sizeof err);
    unsigned taken = 0, refused = 0;
    (void)state;
    assert_non_null(m);
    for (unsigned i = 0; i < FILES; i++) {
        uint8_t bytes[SAMPLE_ROOM];
        size_t n;
        sample(bytes, &n);
        if (below(20))
            damage(bytes, n);
        if (below(4) == 0)
            n = below(n + 1);
        uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees every byte too far */
        memcpy(exact, bytes, n);
        struct loader l;
        *err = '\0';
        if (loader_parse(&l, "sample", exact, n, err, sizeof err) == 0) {
            uint64_t value = 0, pa;
            taken++;
            check_bounds(&l);
            loader_symbol(&l, "tohost", &value);
            loader_symbol(&l, "no such symbol", &value);
            loader_physical(&l, value, &pa);
            if (loader_place(&l, m, RAM_BASE + RAM, err, sizeof err) != 0)
                assert_non_null(strstr(err, "sample: segment"));
            loader_close(&l);
        } else {
            refused++;
            assert_memory_equal(err, "sample: ", 8);
        }
        free(exact);
    }
    machine_free(m);
    print_message("# %u taken, %u refused\n", taken, refused);
    assert_true(taken > FILES / 20 && refused > FILES / 20);
}

static void random_trees(void **state)
{
    struct fdt_facts facts = {.bootargs = "console=ttyS0", .ram_bytes = RAM, .initrd_start = RAM_BASE + 0x1000,
                              .initrd_end = RAM_BASE + 0x2000, .has_seed = true};
    static uint8_t board[TREE_ROOM];
    unsigned taken = 0;
    (void)state;
    assert_int_equal(fdt_put(NULL, &facts, board, sizeof board, err, sizeof err), 0);
    size_t whole = fdt_totalsize(board);
    for (unsigned i = 0; i < TREES; i++) {
        size_t n = below(4) ? whole : below(whole + 1), room = below(4) ? TREE_ROOM : below(2 * whole);
        uint8_t *tree = malloc(n ? n : 1), *to = malloc(room ? room : 1);
        memcpy(tree, board, n);
        if (n && below(20))
            damage(tree, below(2) && n > 64 ? 64 : n); /* often the header */
        const char *why = fdt_patch(tree, n, &facts, to, room);
        if (!why) {
            taken++;
            assert_true(fdt_totalsize(to) <= room);
            assert_int_equal(fdt_check_full(to, room), 0);
            int chosen = fdt_path_offset(to, "/chosen");
            assert_string_equal(fdt_getprop(to, chosen, "bootargs", NULL), facts.bootargs);
        }
        free(tree);
        free(to);
    }
    print_message("# %u of %u trees taken\n", taken, TREES);
    assert_true(taken > TREES / 20);
}

int main(void)
{
    seed_with(20260222);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_files),
        cmocka_unit_test(random_trees),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hostile files to boot", tests, NULL, NULL);
}
