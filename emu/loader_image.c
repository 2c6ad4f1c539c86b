/* SPDX-License-Identifier: GPL-2.0-only */
/* The RISC-V Linux Image: a 64-byte header and the kernel (Documentation/arch/riscv/boot-image-header.rst of Linux). */
#include <string.h>

#include "board.h"
#include "loader.h"

struct image_header {
    uint32_t code0, code1;
    uint64_t text_offset; /* from the start of RAM, which must be aligned to 2 MiB */
    uint64_t image_size;  /* in memory, with its zeroed end */
    uint64_t flags;
    uint32_t version, reserved1;
    uint64_t reserved2;
    uint64_t magic;       /* deprecated */
    uint32_t magic2;
    uint32_t reserved3;
};

#define MAGIC2 0x05435352u /* "RSC\x05" */
#define FLAG_BIG_ENDIAN 1u
#define TEXT_ALIGN (2ull << 20)

bool loader_is_image(const struct loader *l)
{
    struct image_header h;
    if (l->size < sizeof h)
        return false;
    memcpy(&h, l->bytes, sizeof h);
    return h.magic2 == MAGIC2;
}

const char *loader_parse_image(struct loader *l)
{
    struct image_header h;
    memcpy(&h, l->bytes, sizeof h);
    if (h.flags & FLAG_BIG_ENDIAN)
        return "is a big-endian Image; build it for little-endian riscv64";
    if (h.text_offset % TEXT_ALIGN || h.text_offset > 1ull << 40 || h.image_size > 1ull << 40)
        return "has an Image header that makes no sense; the file is damaged";
    uint64_t bytes = h.image_size > l->size ? h.image_size : l->size;
    l->pieces[0] = (struct loader_piece){0, l->size, RAM_BASE + h.text_offset, bytes};
    l->npieces = 1;
    l->entry = RAM_BASE + h.text_offset;
    return NULL;
}
