/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The framing of the GDB remote serial protocol (GDB manual, appendix "Remote
 * Protocol"): $data#checksum, acknowledgements, the interrupt byte. Pure: bytes in, packets out.
 */
#ifndef EMU_DEBUG_PACKET_H
#define EMU_DEBUG_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX 16384 /* bytes of a packet's data, escapes included */

enum packet_event {
    PACKET_NONE,      /* more bytes are needed */
    PACKET_READY,     /* a packet is in data: length bytes, unescaped, with a 0 behind */
    PACKET_BAD,       /* a packet with a wrong checksum, or too long: to be answered by '-' */
    PACKET_INTERRUPT, /* the byte 3 */
    PACKET_NAK,       /* '-': the last answer is to be sent again */
};

struct packet_reader {
    enum { BETWEEN, INSIDE, SUM1, SUM2 } state;
    bool escaped, too_long;
    uint8_t sum, told;
    size_t length;
    char data[PACKET_MAX + 1];
};

enum packet_event packet_take(struct packet_reader *, uint8_t byte);

/* Frames n bytes of data. Returns the length of the frame, at most 2 * n + 4. */
size_t packet_frame(char *to, const char *data, size_t n);

/* ---- what packets are made of ---- */

/* Reads hexadecimal digits at *at (at least one, at most 16). */
bool packet_number(const char **at, uint64_t *value);
/* Passes over the character c. */
bool packet_expect(const char **at, char c);
/* Decodes hex pairs up to the end of the text. Returns the number of bytes, or -1: not hex, odd, or more than max. */
long packet_unhex(const char *text, uint8_t *to, size_t max);
/* Writes n bytes as 2 n digits and a 0. */
void packet_hex(char *to, const void *bytes, size_t n);

#endif
