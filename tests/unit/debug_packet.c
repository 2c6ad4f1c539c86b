/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet reader on random bytes, and what is framed comes back. TARRY_SEED chooses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "emu/debug/packet.h"

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % n;
}

static struct packet_reader reader;

static void there_and_back(void **state)
{
    static char data[PACKET_MAX], frame[2 * PACKET_MAX + 8];
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        size_t n = random_below(round % 50 ? 100 : PACKET_MAX + 1), events = 0;
        for (size_t i = 0; i < n; i++)
            data[i] = (char)(random_below(3) ? random_below(256) : (uint32_t)"$#}*+-\003"[random_below(7)]);
        size_t bytes = packet_frame(frame, data, n);
        assert_in_range(bytes, n + 4, 2 * n + 4);
        for (size_t i = 0; i < bytes; i++) {
            enum packet_event e = packet_take(&reader, (uint8_t)frame[i]);
            assert_int_equal(e, i + 1 == bytes ? PACKET_READY : PACKET_NONE);
            events += e == PACKET_READY;
        }
        assert_int_equal(events, 1);
        assert_int_equal(reader.length, n);
        assert_memory_equal(reader.data, data, n);
        assert_int_equal(reader.data[n], 0);
    }
}

static void noise(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000000; i++) {
        uint8_t byte = (uint8_t)(random_below(4) ? random_below(256) : (uint32_t)"$#}\003"[random_below(4)]);
        enum packet_event e = packet_take(&reader, byte);
        assert_true(reader.length <= PACKET_MAX);
        if (e == PACKET_READY)
            assert_int_equal(reader.data[reader.length], 0);
    }
    while (packet_take(&reader, '#') != PACKET_BAD && reader.state != BETWEEN) {
        /* back to between two packets */
    }
}

static void parts(void **state)
{
    uint64_t value;
    uint8_t bytes[4];
    char hex[9];
    (void)state;
    const char *p = "1fz";
    assert_true(packet_number(&p, &value));
    assert_int_equal(value, 0x1f);
    assert_false(packet_number(&p, &value));
    assert_false(packet_expect(&p, 'y'));
    assert_true(packet_expect(&p, 'z'));
    assert_false(packet_expect(&p, 'z'));
    assert_int_equal(packet_unhex("00fFa1", bytes, 4), 3);
    assert_int_equal(bytes[1], 0xff);
    assert_int_equal(packet_unhex("123", bytes, 4), -1);
    assert_int_equal(packet_unhex("0g", bytes, 4), -1);
    assert_int_equal(packet_unhex("0000000000", bytes, 4), -1);
    packet_hex(hex, "\x01\xab\xff\x7f", 4);
    assert_string_equal(hex, "01abff7f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(noise),
        cmocka_unit_test(parts),
    };
    const char *seed = getenv("TARRY_SEED");
    random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
    printf("# seed %llu\n", (unsigned long long)random_state);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
