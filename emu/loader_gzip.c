/* SPDX-License-Identifier: GPL-2.0-only */
/* Compressed kernels: a gzip file, or an EFI "zboot" program (vmlinuz.efi) that carries one. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "loader.h"

#define MOST_BYTES (1ull << 30) /* of a decompressed kernel: a small file can unpack to any size */
#define FIRST_BYTES (1ull << 20)

/* Linux, drivers/firmware/efi/libstub/zboot-header.S */
struct zboot_header {
    uint8_t mz[4];
    char zimg[4];
    uint32_t offset, bytes; /* of the payload */
    uint32_t reserved[2];
    char method[32];
};

static bool is_gzip(const uint8_t *bytes, uint64_t n)
{
    return n >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static bool is_zboot(const struct loader *l)
{
    return l->size >= sizeof(struct zboot_header) && memcmp(l->bytes, "MZ", 2) == 0 &&
           memcmp(l->bytes + 4, "zimg", 4) == 0;
}

bool loader_is_compressed(const struct loader *l)
{
    return is_gzip(l->bytes, l->size) || is_zboot(l);
}

/* Makes room for more. NULL: the host has no memory, or it is too much anyway. */
static uint8_t *grow(uint8_t *buf, uint64_t *room)
{
    uint64_t more = *room ? *room * 2 : FIRST_BYTES;
    uint8_t *bigger = more <= MOST_BYTES ? realloc(buf, more) : NULL;
    if (!bigger) {
        free(buf);
        return NULL;
    }
    *room = more;
    return bigger;
}

static uint8_t *inflate_all(z_stream *z, uint64_t *n)
{
    uint8_t *buf = NULL;
    uint64_t room = 0;
    for (int r = Z_OK; r != Z_STREAM_END;) {
        if (z->total_out == room && !(buf = grow(buf, &room)))
            return NULL;
        z->next_out = buf + z->total_out;
        z->avail_out = (uInt)(room - z->total_out);
        r = inflate(z, Z_NO_FLUSH);
        if (r != Z_OK && r != Z_STREAM_END) { /* damaged, or it ends too early */
            free(buf);
            return NULL;
        }
    }
    *n = z->total_out;
    return buf;
}

/* The payload of a zboot program. False: it is no gzip data that lies in the file. */
static bool payload(const struct loader *l, const uint8_t **from, uint64_t *n)
{
    struct zboot_header h;
    memcpy(&h, l->bytes, sizeof h);
    if (h.offset > l->size || h.bytes > l->size - h.offset || !is_gzip(l->bytes + h.offset, h.bytes))
        return false;
    *from = l->bytes + h.offset;
    *n = h.bytes;
    return true;
}

const char *loader_decompress(struct loader *l)
{
    const uint8_t *from = l->bytes;
    uint64_t n = l->size, bytes = 0;
    if (is_zboot(l) && !payload(l, &from, &n))
        return "is a self-decompressing kernel whose payload is not gzip; decompress it and give the Image";
    z_stream z = {.next_in = (Bytef *)from, .avail_in = (uInt)(n < UINT32_MAX ? n : UINT32_MAX)};
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return "cannot be decompressed: the host is out of memory";
    l->inflated = inflate_all(&z, &bytes);
    inflateEnd(&z);
    if (!l->inflated)
        return "is damaged or truncated gzip data, or more than 1 GiB of it; copy it again";
    l->bytes = l->inflated;
    l->size = bytes;
    return NULL;
}
