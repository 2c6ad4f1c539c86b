/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sum [FILE...]: for each file its CRC-32 (that of zlib, gzip and Ethernet: polynomial 0xedb88320 reflected, all ones
 * before and after) in hexadecimal, its length in bytes, its name.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "sum [FILE...]\n"
                           "Prints CRC-32 (as gzip's), length in bytes and name of each FILE or the input.";

static uint32_t table[256];
static unsigned char buf[65536];

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
        table[i] = c;
    }
}

static int sum(int fd, const char *name)
{
    uint32_t crc = 0xffffffffu;
    unsigned long long length = 0;
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            crc = crc >> 8 ^ table[(crc ^ buf[i]) & 0xff];
        length += (unsigned long long)n;
    }
    if (n < 0) {
        complain(name ? name : "input");
        return 1;
    }
    printf("%08lx %llu", (unsigned long)(crc ^ 0xffffffffu), length);
    if (name)
        printf(" %s", name);
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc > 1 && argv[1][0] == '-')
        usage(help);
    make_table();
    if (argc == 1)
        return finish_output(sum(0, NULL));
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            complain(argv[i]);
            failed = 1;
            continue;
        }
        failed |= sum(fd, argv[i]);
        close(fd);
    }
    return finish_output(failed);
}
