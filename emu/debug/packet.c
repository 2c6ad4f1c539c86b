/* SPDX-License-Identifier: GPL-2.0-only */
/* The framing of the GDB remote serial protocol. */
#include "packet.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum packet_event begin(struct packet_reader *r, uint8_t byte)
{
    if (byte == 3)
        return PACKET_INTERRUPT;
    if (byte == '-')
        return PACKET_NAK;
    if (byte == '$') {
        r->state = INSIDE;
        r->escaped = r->too_long = false;
        r->sum = 0;
        r->length = 0;
    }
    return PACKET_NONE; /* '+' and noise */
}

static void inside(struct packet_reader *r, uint8_t byte)
{
    if (byte == '#') {
        r->state = SUM1;
        return;
    }
    if (byte == '$') { /* the rest of the last one was lost */
        begin(r, byte);
        return;
    }
    r->sum = (uint8_t)(r->sum + byte);
    if (byte == '}' && !r->escaped) {
        r->escaped = true;
        return;
    }
    if (r->length < PACKET_MAX)
        r->data[r->length++] = (char)(r->escaped ? byte ^ 0x20 : byte);
    else
        r->too_long = true;
    r->escaped = false;
}

enum packet_event packet_take(struct packet_reader *r, uint8_t byte)
{
    int d = digit((char)byte);
    switch (r->state) {
    case BETWEEN:
        return begin(r, byte);
    case INSIDE:
        inside(r, byte);
        return PACKET_NONE;
    case SUM1:
        r->state = d < 0 ? BETWEEN : SUM2;
        if (d < 0)
            return PACKET_BAD;
        r->told = (uint8_t)(d << 4);
        return PACKET_NONE;
    case SUM2:
        r->state = BETWEEN;
        r->data[r->length] = '\0';
        return d < 0 || (r->told | d) != r->sum || r->too_long ? PACKET_BAD : PACKET_READY;
    }
    return PACKET_NONE;
}

size_t packet_frame(char *to, const char *data, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum = 0;
    size_t at = 0;
    to[at++] = '$';
    for (size_t i = 0; i < n; i++) {
        char c = data[i];
        if (c == '$' || c == '#' || c == '}' || c == '*') {
            to[at++] = '}';
            sum = (uint8_t)(sum + '}');
            c ^= 0x20;
        }
        to[at++] = c;
        sum = (uint8_t)(sum + (uint8_t)c);
    }
    to[at++] = '#';
    to[at++] = digits[sum >> 4];
    to[at++] = digits[sum & 15];
    return at;
}

bool packet_number(const char **at, uint64_t *value)
{
    int n = 0;
    *value = 0;
    for (int d; n < 16 && (d = digit(**at)) >= 0; n++, (*at)++)
        *value = *value << 4 | (uint64_t)d;
    return n > 0;
}

bool packet_expect(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

long packet_unhex(const char *text, uint8_t *to, size_t max)
{
    size_t n = strlen(text);
    if (n % 2 || n / 2 > max)
        return -1;
    for (size_t i = 0; i < n / 2; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return (long)(n / 2);
}

void packet_hex(char *to, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digits[from[i] >> 4];
        to[2 * i + 1] = digits[from[i] & 15];
    }
    to[2 * n] = '\0';
}
