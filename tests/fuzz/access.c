/* SPDX-License-Identifier: GPL-2.0-only */
/* Fuzz target: blocks of an access trace, as they stand in a database and as they are after zstd. */
#include <stdlib.h>
#include <zstd.h>

#include "traces/access.h"

#define MOST_READ 20000 /* a few bytes can stand for many accesses */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_blob(const uint8_t *blob, size_t n, bool runs)
{
    char err[200];
    struct access a;
    struct access_reader *r = access_reader_new(blob, n, runs, err, sizeof err);
    for (unsigned i = 0; r && i < MOST_READ && access_read(r, &a, err, sizeof err) > 0; i++)
        ;
    access_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    size_t room = ZSTD_compressBound(n);
    uint8_t *blob = malloc(room);
    read_blob(data, n, true);
    if (blob) {
        size_t bytes = ZSTD_compress(blob, room, data, n, 1);
        read_blob(blob, bytes, true);
        read_blob(blob, bytes, false);
    }
    free(blob);
    return 0;
}
