/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CRC32C against the vectors of RFC 3720 and against a bit by bit computation: by tables, as in the guest, and as the host
 * computes it.
 */
#include "fs_device.h"
#include "../fs/core.h"

typedef uint32_t crc_function(uint32_t crc, const void *data, size_t n);
static crc_function *const functions[] = {tfs_crc32c, crc32c_by_tables};
static crc_function *crc;

static uint32_t slow(uint32_t init, const uint8_t *p, size_t n)
{
    uint32_t c = ~init;

    while (n--) {
        c ^= *p++;
        for (int i = 0; i < 8; i++)
            c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
    }
    return ~c;
}

static void vectors(void)
{
    uint8_t b[32];

    memset(b, 0, sizeof b);
    assert_int_equal(crc(0, b, 32), 0x8a9136aa);
    memset(b, 0xff, sizeof b);
    assert_int_equal(crc(0, b, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        b[i] = (uint8_t)i;
    assert_int_equal(crc(0, b, 32), 0x46dd794e);
    for (int i = 0; i < 32; i++)
        b[i] = (uint8_t)(31 - i);
    assert_int_equal(crc(0, b, 32), 0x113fdb5c);
    assert_int_equal(crc(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc(77, b, 0), 77);
}

/* Lengths and alignments, whole and in two pieces. */
static void against_slow(void)
{
    static uint8_t buf[3 * TFS_BLOCK];
    uint64_t x = test_seed("crc", 1);

    for (size_t i = 0; i < sizeof buf; i++)
        buf[i] = (uint8_t)(rnd(&x) >> 24);
    for (int i = 0; i < 3000; i++) {
        size_t n = i < 200 ? (size_t)i : below(&x, 2 * TFS_BLOCK), at = below(&x, 64), cut = below(&x, n + 1);
        uint32_t init = i % 3 ? 0 : (uint32_t)rnd(&x), want = slow(init, buf + at, n);
        assert_int_equal(crc(init, buf + at, n), want);
        assert_int_equal(crc(crc(init, buf + at, cut), buf + at + cut, n - cut), want);
    }
    for (int i = 0; i < 300; i++) {
        uint8_t *block = buf + below(&x, 16) * 8;
        block[below(&x, TFS_BLOCK)] ^= (uint8_t)(1u << below(&x, 8));
        assert_int_equal(crc(0, block, TFS_BLOCK), slow(0, block, TFS_BLOCK));
    }
}

static void test_vectors(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        crc = functions[i];
        vectors();
    }
}

static void test_against_slow(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        crc = functions[i];
        against_slow();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_against_slow)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_crc", tests, NULL, NULL);
}
