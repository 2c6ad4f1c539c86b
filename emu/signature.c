/* SPDX-License-Identifier: GPL-2.0-only */
/* The signature of a riscv-arch-test. */
#include "signature.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "loader.h"
#include "machine_priv.h"

static bool find(const struct loader *l, struct signature *s)
{
    uint64_t begin, end;
    return loader_symbol(l, "begin_signature", &begin) && loader_symbol(l, "end_signature", &end) && end >= begin &&
           (s->bytes = end - begin, loader_physical(l, begin, &s->pa));
}

int signature_find(struct signature *s, const char *elf, char *err, size_t errlen)
{
    struct loader l;
    if (loader_open(&l, elf, err, errlen) != 0)
        return -1;
    bool found = find(&l, s);
    loader_close(&l);
    if (!found)
        snprintf(err, errlen, "%s: has no symbols begin_signature and end_signature; leave --signature out", elf);
    return found ? 0 : -1;
}

int signature_write(const struct signature *s, struct machine *m, const char *path, char *err, size_t errlen)
{
    const uint8_t *ram = ram_at(m, s->pa, s->bytes);
    FILE *f = ram ? fopen(path, "w") : NULL;
    bool ok = f != NULL;
    for (uint64_t at = 0; ok && at < s->bytes; at += 4) {
        uint32_t word = 0;
        memcpy(&word, ram + at, s->bytes - at < 4 ? s->bytes - at : 4);
        ok = fprintf(f, "%08x\n", word) > 0;
    }
    if (f && fclose(f) != 0)
        ok = false;
    if (!ok)
        snprintf(err, errlen, "%s: %s", path, ram ? strerror(errno) : "the signature does not lie in RAM");
    return ok ? 0 : -1;
}
