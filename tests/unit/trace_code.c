/* SPDX-License-Identifier: GPL-2.0-only */
/* Symbols, lines and instructions from ELF files (traces/code.h): a sound one, and thousands that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "random.h"
#include "traces/code.h"

enum { PCS = 64, MUTANTS = 1500 };

static unsigned char *read_built(const char *name, size_t *n)
{
    char path[600];
    const char *build = getenv("BUILD");
    snprintf(path, sizeof(path), "%s/%s", build != NULL ? build : "build", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("%s cannot be read", path);
    unsigned char *bytes = malloc(1 << 22);
    *n = fread(bytes, 1, 1 << 22, f);
    fclose(f);
    return bytes;
}

static void fill_pcs(struct code_pc *pcs)
{
    for (unsigned i = 0; i < PCS; i++)
        pcs[i] = (struct code_pc){.image = 1, .pc = 0x100e8 + 8 * i};
}

/* Everything that is asked of a file. Returns how much was found. */
static unsigned ask_all(void *elf, size_t n)
{
    struct code_pc pcs[PCS];
    struct code_symbol symbols[PCS] = {0};
    struct code_line lines[PCS] = {0};
    uint32_t crc, bits;
    unsigned found = 0;

    fill_pcs(pcs);
    code_debuglink(elf, n, &crc);
    code_symbols(elf, n, pcs, PCS, symbols);
    code_lines(elf, n, pcs, PCS, lines);
    for (unsigned i = 0; i < PCS; i++) {
        found += symbols[i].name != NULL && strlen(symbols[i].name) > 0;
        found += lines[i].file != NULL;
        found += code_bits(elf, n, pcs[i].pc, &bits);
        free(lines[i].file);
    }
    return found;
}

static void a_sound_program(void **state)
{
    size_t n, m;
    uint32_t crc = 0, bits = 0;
    unsigned char *program = read_built("guest/bin/true", &n), *debug = read_built("debug/true.debug", &m);
    struct code_pc pc = {.image = 2, .pc = 0x100e8};
    struct code_symbol symbol;
    struct code_line line = {0};
    (void)state;

    assert_string_equal(code_debuglink(program, n, &crc), "true.debug");
    assert_null(code_debuglink(debug, m, &crc));
    assert_int_equal(code_symbols(program, n, &pc, 1, &symbol), 1);
    assert_string_equal(symbol.name, "_start");
    assert_int_equal(symbol.address, 0x100e8);
    assert_int_equal(code_lines(program, n, &pc, 1, &line), 0);
    assert_null(line.file);
    assert_int_equal(code_lines(debug, m, &pc, 1, &line), 1);
    assert_string_equal(line.file, "guestos/user/lib/crt0.S");
    assert_true(line.line > 5);
    assert_true(code_bits(program, n, 0x100e8, &bits));
    assert_int_equal(bits & 0x7f, 0x17); /* auipc gp: the first instruction of crt0.S */
    assert_false(code_bits(program, n, 0x4, &bits));
    free(line.file);
    free(program);
    free(debug);
}

static void what_is_no_program(void **state)
{
    static unsigned char text[100] = "no ELF file", half[64] = "\177ELF\2\1\1";
    uint32_t crc;
    (void)state;
    assert_int_equal(ask_all(text, sizeof(text)), 0);
    assert_int_equal(ask_all(half, sizeof(half)), 0);
    assert_null(code_debuglink(text, 4, &crc));
}

/* Bytes are changed and ends cut off: nothing but nonsense may come of it. */
static void damaged_programs(void **state)
{
    static const char *const files[] = {"guest/bin/true", "debug/true.debug"};
    (void)state;
    for (unsigned f = 0; f < 2; f++) {
        size_t n;
        unsigned char *sound = read_built(files[f], &n);
        assert_true(ask_all(sound, n) > 10);
        for (unsigned i = 0; i < MUTANTS; i++) {
            size_t left = rnd() % 8 == 0 ? 1 + rnd() % n : n;
            unsigned char *copy = malloc(left); /* of its very size, so that a sanitizer sees what is read behind it */
            memcpy(copy, sound, left);
            for (unsigned k = 1 + rnd() % 8; k > 0; k--) {
                size_t at = rnd() % 3 == 0 ? rnd() % 64 : rnd() % left;
                if (at < left)
                    copy[at] = (unsigned char)rnd();
            }
            ask_all(copy, left);
            free(copy);
        }
        free(sound);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_program),
        cmocka_unit_test(what_is_no_program),
        cmocka_unit_test(damaged_programs),
    };
    seed_with(seed_of_now());
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
