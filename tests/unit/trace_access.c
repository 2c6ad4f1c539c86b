/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks of accesses (traces/access.h) without a machine: random programs of random pieces of code are written and read back,
 * with everything that the format can say; and damaged blocks, which must be refused or read as something, and never crash.
 * tests/fuzz/access.c is the same for libFuzzer.
 *
 * TARRY_SEED repeats a run. `trace_access --write FILE` writes a block as the fuzzer takes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "traces/access.h"

enum { CODES = 60, MOST_INSNS = 40, PIECES = 3000, INSN_NS = 3, DAMAGED = 4000 };

static uint64_t seed, state_of_rnd;

static uint64_t rnd(void)
{
    state_of_rnd ^= state_of_rnd << 13;
    state_of_rnd ^= state_of_rnd >> 7;
    state_of_rnd ^= state_of_rnd << 17;
    return state_of_rnd * 0x2545f4914f6cdd1dull >> 20;
}

static unsigned below(unsigned n)
{
    return (unsigned)(rnd() % n);
}

/* ---- code ---- */

static struct access_code codes[CODES];
static struct access_slot slots[CODES][MOST_INSNS];
static uint8_t long_insns[CODES][MOST_INSNS / 8 + 1];

static unsigned length(const struct access_code *c, unsigned insn)
{
    return c->long_insns[insn / 8] >> insn % 8 & 1 ? 4 : 2;
}

static void make_codes(void)
{
    memset(long_insns, 0, sizeof long_insns);
    for (unsigned i = 0; i < CODES; i++) {
        struct access_code *c = &codes[i];
        *c = (struct access_code){.pc = (below(2) ? 0xffffffc000000000ull : 0x10000) + below(1u << 20) * 2, .insns = (uint16_t)(1 + below(MOST_INSNS)),
                                  .listed = below(10) > 0, .long_insns = long_insns[i], .slots = slots[i]};
        c->pa = 0x80000000 + below(1u << 15) * 4096ull + (c->pc & 4095);
        for (unsigned k = 0; k < c->insns; k++) {
            long_insns[i][k / 8] |= (uint8_t)(below(2) << k % 8);
            c->bytes = (uint16_t)(c->bytes + length(c, k));
            if (below(2))
                slots[i][c->nslots++] = (struct access_slot){(uint16_t)k, (uint8_t)(1 + below(3)), (uint8_t)below(4)};
        }
        c->crosses = below(4) == 0;
        c->next_page = c->crosses ? below(1u << 20) * 4096ull : 0;
    }
}

/* ---- writing, and what is expected ---- */

struct list {
    struct access *all;
    size_t n, room;
};

static void add(struct list *l, struct access a)
{
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 4096;
        l->all = realloc(l->all, l->room * sizeof *l->all);
        assert_non_null(l->all);
    }
    l->all[l->n++] = a;
}

static uint64_t address(unsigned kind, unsigned i)
{
    switch (kind) {
    case 0:
        return 0x20000000 + i * 8ull;
    case 1:
        return rnd() << 20 ^ rnd();
    case 2:
        return 0x7ffffff000ull + below(3) * 8;
    default:
        return 0x30000000 + below(1u << 16);
    }
}

/* Runs a piece: encodes it, and adds what it is to the list. */
static void run_piece(struct access_encoder *e, struct access_code *c, uint64_t *insn, uint64_t skipped, const struct access_context *x, struct list *l)
{
    unsigned done = below(8) ? c->insns : below(c->insns + 1u), slot = 0;
    uint64_t pc = c->pc;
    access_encode_begin(e, c, *insn, skipped, x);
    for (unsigned i = 0; i < done; pc += length(c, i++)) {
        struct access a = {.insn = *insn + i, .ts = (*insn + i) * INSN_NS + skipped, .pc = pc, .va = pc, .pa = c->pa + (pc - c->pc), .proc = x->proc,
                           .satp = x->satp, .mode = x->mode, .bytes = length(c, i), .count = 1};
        a.next_pa = c->crosses && i + 1u == c->insns ? c->next_page : 0;
        if (c->listed)
            add(l, a);
        if (slot == c->nslots || c->slots[slot].insn != i)
            continue;
        if (below(6)) {
            a.va = address(i % 4, (unsigned)*insn);
            a.pa = (below(20) ? (a.va & ~4095ull) / 2 & ~4095ull : below(1u << 20) * 4096ull) | (a.va & 4095);
            a.bytes = 1u << c->slots[slot].log2;
            a.next_pa = (a.va & 4095) + a.bytes > 4096 ? below(1u << 20) * 4096ull : 0;
            a.kind = c->slots[slot].kind;
            access_encode_data(e, slot, a.va, a.pa, a.next_pa);
            add(l, a);
        }
        slot++;
    }
    access_encode_end(e, done);
    *insn += done;
}

static void write_block(struct access_encoder *e, unsigned pieces, struct list *l, struct access_raw *raw)
{
    uint64_t insn = rnd(), skipped = rnd();
    struct access_context x = {.proc = 1, .satp = 8ull << 60 | 5, .mode = 0};
    unsigned at = 0;
    for (unsigned i = 0; i < pieces; i++) {
        if (below(30) == 0)
            x = (struct access_context){.proc = below(4), .satp = below(2) ? 8ull << 60 | below(3) : 0, .mode = (uint8_t)(below(2) ? 3 : below(2))};
        insn += below(25) == 0 ? below(1000) : 0;
        skipped += below(25) == 0 ? below(100000) : 0;
        at = below(4) ? (at + 1) % 5 : below(CODES); /* a loop that is left now and then */
        run_piece(e, &codes[at], &insn, skipped, &x, l);
    }
    assert_true(access_encoder_take(e, raw));
}

static void compare(const uint8_t *blob, size_t n, const struct list *want)
{
    char err[200];
    struct access a;
    struct access_reader *r = access_reader_new(blob, n, false, err, sizeof err);
    size_t i = 0;
    int got;
    if (!r)
        fail_msg("%s", err);
    while ((got = access_read(r, &a, err, sizeof err)) > 0) {
        const struct access *w = &want->all[i++];
        assert_true(i <= want->n);
        if (a.insn != w->insn || a.ts != w->ts || a.pc != w->pc || a.va != w->va || a.pa != w->pa || a.next_pa != w->next_pa || a.proc != w->proc ||
            a.satp != w->satp || a.mode != w->mode || a.bytes != w->bytes || a.kind != w->kind || a.count != 1)
            fail_msg("TARRY_SEED=%llu: access %zu is not what was written", (unsigned long long)seed, i - 1);
    }
    if (got < 0)
        fail_msg("TARRY_SEED=%llu: %s", (unsigned long long)seed, err);
    assert_int_equal(i, want->n);
    access_reader_free(r);
}

static void written_is_read(void **state)
{
    struct access_encoder *e = access_encoder_new(INSN_NS);
    (void)state;
    for (unsigned round = 0; round < 20; round++) { /* one encoder: blocks do not know of each other */
        struct list want = {0};
        struct access_raw raw;
        size_t n;
        if (round % 5 == 0)
            make_codes();
        write_block(e, PIECES, &want, &raw);
        uint8_t *blob = access_compress(&raw, &n);
        assert_non_null(blob);
        compare(blob, n, &want);
        free(blob);
        free(raw.bytes);
        free(want.all);
    }
    access_encoder_free(e);
}

/* Whatever is in it, reading ends. */
static int read_all(const uint8_t *blob, size_t n, bool runs)
{
    char err[200] = "";
    struct access a;
    struct access_reader *r = access_reader_new(blob, n, runs, err, sizeof err);
    int got = -1;
    for (unsigned i = 0; r && i < 1000000 && (got = access_read(r, &a, err, sizeof err)) > 0; i++)
        ;
    access_reader_free(r);
    if (got < 0)
        assert_true(err[0] != '\0');
    return got;
}

static void damage(uint8_t *bytes, size_t n)
{
    for (unsigned k = 1 + below(4); k-- > 0;)
        switch (below(3)) {
        case 0:
            bytes[below((unsigned)n)] = (uint8_t)rnd();
            break;
        case 1:
            bytes[below(n < 60 ? (unsigned)n : 60)] ^= (uint8_t)(1u << below(8)); /* header and dictionary */
            break;
        default:
            memset(bytes + below((unsigned)n), 0xff, 1);
        }
}

static void damaged_blocks(void **state)
{
    struct access_encoder *e = access_encoder_new(INSN_NS);
    struct list want = {0};
    struct access_raw raw;
    unsigned refused = 0;
    (void)state;
    make_codes();
    write_block(e, PIECES, &want, &raw);
    size_t room = ZSTD_compressBound(raw.n);
    uint8_t *bytes = malloc(raw.n), *blob = malloc(room);
    for (unsigned i = 0; i < DAMAGED; i++) {
        size_t n = i % 3 ? raw.n : 1 + below((unsigned)raw.n); /* cut off, too */
        memcpy(bytes, raw.bytes, raw.n);
        damage(bytes, n);
        size_t size = ZSTD_compress(blob, room, bytes, n, 1);
        refused += read_all(blob, size, i % 2) < 0;
        if (i % 4 == 0) {
            damage(blob, size);
            read_all(blob, size, i % 2);
        }
    }
    assert_true(refused > DAMAGED / 3);
    assert_int_equal(read_all(blob, 0, true), -1);
    assert_int_equal(read_all((const uint8_t *)"no block at all", 15, true), -1);
    free(bytes);
    free(blob);
    free(raw.bytes);
    free(want.all);
    access_encoder_free(e);
}

/* A small block before compression, for the fuzzer to begin with. */
static int write_sample(const char *path)
{
    struct access_encoder *e = access_encoder_new(INSN_NS);
    struct list want = {0};
    struct access_raw raw;
    FILE *f = fopen(path, "wb");
    make_codes();
    write_block(e, 100, &want, &raw);
    bool good = f && fwrite(raw.bytes, 1, raw.n, f) == raw.n && fclose(f) == 0;
    free(raw.bytes);
    free(want.all);
    access_encoder_free(e);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *given = getenv("TARRY_SEED");
    seed = given ? strtoull(given, NULL, 0) : 1;
    state_of_rnd = seed * 0x9e3779b97f4a7c15ull | 1;
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_sample(argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(written_is_read), cmocka_unit_test(damaged_blocks)};
    printf("# TARRY_SEED=%llu\n", (unsigned long long)seed);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
