/* SPDX-License-Identifier: GPL-2.0-only */
/* Naming a file by its contents. */
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define PIECE 65536

static bool all_zero(const unsigned char *p, size_t n)
{
    return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* Hashes the piece at off if it holds anything. Returns bytes read, 0 at the end of the file, -1 on error. */
static ssize_t hash_piece(int fd, uint64_t off, unsigned char *buf, XXH3_state_t *state)
{
    ssize_t n = pread(fd, buf, PIECE, (off_t)off);
    if (n > 0 && !all_zero(buf, (size_t)n)) {
        XXH3_128bits_update(state, &off, sizeof off);
        /* the last piece is hashed as if zeros followed, so that a trailing hole does not matter */
        memset(buf + n, 0, PIECE - (size_t)n);
        XXH3_128bits_update(state, buf, PIECE);
    }
    return n;
}

static bool hash_data(int fd, uint64_t size, unsigned char *buf, XXH3_state_t *state)
{
    for (uint64_t off = 0; off < size;) {
        off_t data = lseek(fd, (off_t)off, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            return true;
        if (data >= 0)
            off = (uint64_t)data / PIECE * PIECE;
        ssize_t n = hash_piece(fd, off, buf, state);
        if (n <= 0)
            return n == 0;
        off += PIECE;
    }
    return true;
}

bool hash_file(const char *path, char hex[HASH_HEX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct stat st;
    XXH3_state_t *state = XXH3_createState();
    unsigned char *buf = malloc(PIECE);
    bool ok = state && buf && fstat(fd, &st) == 0;
    if (ok) {
        uint64_t size = (uint64_t)st.st_size;
        XXH3_128bits_reset(state);
        XXH3_128bits_update(state, &size, sizeof size);
        ok = hash_data(fd, size, buf, state);
    }
    if (ok) {
        XXH128_hash_t h = XXH3_128bits_digest(state);
        snprintf(hex, HASH_HEX, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
    }
    int saved = errno;
    free(buf);
    XXH3_freeState(state);
    close(fd);
    errno = saved;
    return ok;
}
