/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CRC32C (Castagnoli): by the machine's own instruction if it has one, else by tables, eight bytes at a time, where whole blocks are
 * shortened first.
 *
 * The guest computes this for every block that it reads, so instructions count. The polynomial divides
 *
 *     x^(64*79) + x^(64*75) + x^(64*71) + x^(64*58) + x^(64*18) + x^(64*12) + x^64 + 1
 *
 * so a 64-bit word of the message can be taken away if it is added (xor) to the words 4, 8, 21, 61, 67,
 * 78 and 79 further on. That leaves the last 79 of a block's 512 words for the tables: in all half of the instructions.
 * tests/unit/fs_crc.c compares with a computation bit by bit.
 */
#include "core.h"

#define POLYNOMIAL 0x82f63b78u /* 0x1edc6f41 with its bits reversed */

static uint32_t table[8][256];

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
        table[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++)
            table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 0xff];
}

static uint32_t crc_bytes(uint32_t c, const uint8_t *p, size_t n)
{
    while (n--)
        c = c >> 8 ^ table[0][(c ^ *p++) & 0xff];
    return c;
}

static uint32_t crc_words(uint32_t c, const uint64_t *p, size_t words)
{
    while (words--) {
        uint64_t w = *p++ ^ c;
        c = table[7][w & 0xff] ^ table[6][w >> 8 & 0xff] ^ table[5][w >> 16 & 0xff] ^ table[4][w >> 24 & 0xff] ^
            table[3][w >> 32 & 0xff] ^ table[2][w >> 40 & 0xff] ^ table[1][w >> 48 & 0xff] ^ table[0][w >> 56];
    }
    return c;
}

#define BLOCK_WORDS (TFS_BLOCK / 8)
#define REACH 79 /* words */

/* Sum of the words taken away that reach this place. */
static inline uint64_t carried(const uint64_t *w)
{
    return w[-4] ^ w[-8] ^ w[-21] ^ w[-61] ^ w[-67] ^ w[-78] ^ w[-79];
}

static uint32_t crc_block(uint32_t c, const uint64_t *p)
{
    static uint64_t taken[REACH + BLOCK_WORDS]; /* the first REACH stay 0; like all of the core not reentrant */
    uint64_t rest[REACH];
    uint64_t *w = taken + REACH, *last = w + BLOCK_WORDS - REACH;

    *w++ = *p++ ^ c;
#pragma GCC unroll 6
    for (; w < last; w++)
        *w = *p++ ^ carried(w);
    memset(w, 0, REACH * sizeof *w);
    for (int i = 0; i < REACH; i++)
        rest[i] = *p++ ^ carried(w++);
    return crc_words(0, rest, REACH);
}

uint32_t crc32c_by_tables(uint32_t crc, const void *data, size_t n)
{
    const uint8_t *p = data;
    uint32_t c = ~crc;

    if (table[0][1] == 0)
        make_table();
    if (n == TFS_BLOCK && (uintptr_t)p % 8 == 0)
        return ~crc_block(c, (const uint64_t *)(const void *)p);
    size_t head = -(uintptr_t)p & 7;
    if (head > n)
        head = n;
    c = crc_bytes(c, p, head);
    p += head;
    n -= head;
    c = crc_words(c, (const uint64_t *)(const void *)p, n / 8);
    return ~crc_bytes(c, p + (n & ~(size_t)7), n & 7);
}

#ifdef __x86_64__
/* SSE 4.2 computes with this very polynomial. */
__attribute__((target("sse4.2"))) static uint32_t crc32c_by_machine(uint32_t crc, const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t c = ~crc & 0xffffffffu, w;

    for (; n >= sizeof w; p += sizeof w, n -= sizeof w) {
        memcpy(&w, p, sizeof w);
        c = __builtin_ia32_crc32di(c, w);
    }
    for (; n > 0; p++, n--)
        c = __builtin_ia32_crc32qi((uint32_t)c, *p);
    return ~(uint32_t)c;
}

uint32_t tfs_crc32c(uint32_t crc, const void *data, size_t n)
{
    static int known; /* 1: the machine has it, -1: it has not */

    if (known == 0)
        known = __builtin_cpu_supports("sse4.2") ? 1 : -1;
    return known > 0 ? crc32c_by_machine(crc, data, n) : crc32c_by_tables(crc, data, n);
}
#else
uint32_t tfs_crc32c(uint32_t crc, const void *data, size_t n)
{
    return crc32c_by_tables(crc, data, n);
}
#endif
