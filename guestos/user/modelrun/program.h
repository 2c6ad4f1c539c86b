/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model programs: what a few processes do to a few files and segments, one operation after the other. The reference
 * model (tests/model) says what each operation must give; the guest program modelrun does it with the system
 * calls, the host's tests with the kernel's segment code. This header is what all of them agree on.
 *
 * A program file is an array of struct mop. Addresses are offsets in an arena of five regions (segments):
 *
 *   A  private, deferred     A, B, C adjoin, so that a transfer can cross from one into the next;
 *   B  shared, deferred      behind C and behind D there are two pages of nothing
 *   C  private, plain memory
 *   D  private, deferred by a policy of its own
 *   E  private, deferred, read-only
 *
 * Files 0 to 3 lie in a directory that is there; 4 and 5 in its directory d, 6 and 7 in e, if there are such.
 *
 * A process that begins, or that has called exec, has all five, full of zeros.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdint.h>

enum {
    MODEL_PROCS = 4,
    MODEL_FDS = 8,   /* slots of descriptors in a process */
    MODEL_TOP = 4,   /* names of files in the directory of the program, */
    MODEL_DIRS = 2,  /* of directories in it, */
    MODEL_NAMES = MODEL_TOP + 2 * MODEL_DIRS, /* of files, with two in each of these */
    MODEL_REGIONS = 5,
    MODEL_PAGE = 4096,
    MODEL_GAP = 2,         /* pages behind C and behind D */
    MODEL_NOBODY = 0xff,   /* proc: done by the coordinator, no process of the program is left or there yet */
    MODEL_ZERO = 0xff,     /* name: /dev/zero */
    MODEL_PIPE = 4096,     /* bytes that a pipe holds: a ring */
    MODEL_FILE_MAX = 1 << 22, /* bytes of a file, but for sizes that must fail */
};

#define MODEL_ARENA 0x2000000000ull   /* address of the arena */
#define MODEL_HERE UINT64_MAX         /* offset: the descriptor's own */
#define MODEL_TOO_FAR (1ull << 62)    /* an offset that no file can have: EFBIG */

/*
 * name, operands. Letters of operands: f, g descriptor in a, b; M, N name in a, b; v, w address in x, y; n length in n;
 * o offset in y; l length or offset in x; p permissions in x; m mode in n; h whence in b; s seed in y; r region in a;
 * k process in a; D, E directory in a, b; ~ "async" in b; z sizes of the regions in x; d age of a version in b; P policy of region D in n; c a number in n.
 */
#define MODEL_OPS(X)                                                                                             \
    X(end, "")           /* of the file */                                                                       \
    X(begin, "zP")       /* an empty directory, process 0 */                                                     \
    X(finish, "")        /* all processes have exited: files are removed, nothing may be left */                 \
    X(open, "fNm")                                                                                               \
    X(create, "fNmp")                                                                                            \
    X(close, "f")                                                                                                \
    X(dup, "fg")         /* f becomes g, too */                                                                  \
    X(pipe, "fg")        /* read end f, write end g */                                                           \
    X(read, "fvno")                                                                                              \
    X(write, "fvno")                                                                                             \
    X(cwrite, "fvnod")   /* if the file has the version that it had d changes ago */                             \
    X(seek, "flh")                                                                                               \
    X(load, "vn~")       /* digest of the bytes */                                                               \
    X(store, "vns~")     /* bytes made of the seed */                                                            \
    X(copy, "vwn~")      /* from v to w, by loads and stores */                                                  \
    X(free, "vn")        /* segfree */                                                                           \
    X(zero, "vn")        /* segzero */                                                                           \
    X(truncate, "Nl")                                                                                            \
    X(chmod, "Np")                                                                                               \
    X(rename, "MN")                                                                                              \
    X(remove, "N")                                                                                               \
    X(mkdir, "D")                                                                                                \
    X(rmdir, "D")                                                                                                \
    X(mvdir, "DE")                                                                                               \
    X(statdir, "D")      /* digest of its list of names, mode */                                                 \
    X(stat, "N")         /* digest of length, mode, version, and which of files 0 to 3 is newer */               \
    X(fstat, "f")                                                                                                \
    X(sum, "N")          /* digest of the file, read conventionally */                                           \
    X(fork, "k")                                                                                                 \
    X(exec, "")                                                                                                  \
    X(exit, "")                                                                                                  \
    X(attach, "r")                                                                                               \
    X(detach, "r")                                                                                               \
    X(sync, "")                                                                                                  \
    X(squeeze, "c")      /* uses so many pages of memory for a moment: others are evicted */                     \
    X(fail, "v")         /* the disk fails once below the byte, which is loaded: right, or an error (E1) */      \
    X(fill, "c")         /* the disk has so many blocks left; what lacks room is done again when it has more */

#define X(name, operands) MOP_##name,
enum mop_kind { MODEL_OPS(X) MOP_COUNT };
#undef X

/* Policies that a program cannot tell apart; the first stands for that of the run. */
#define MODEL_POLICIES {"run", "eager", "deferred", "fragments-eager", "cached"}
enum { MODEL_NPOLICIES = 5 };

struct mop {
    uint8_t kind, proc, a, b;
    uint32_t n;
    uint64_t x, y;
    int64_t result;  /* what it must give: a count or 0, or minus an error */
    uint64_t digest; /* of the bytes that it must see; 0 if it sees none */
};

/* ---- the arena ---- */

struct layout {
    uint64_t base[MODEL_REGIONS], bytes[MODEL_REGIONS]; /* offsets in the arena */
    uint64_t end;                                       /* of the arena, the gap behind D and E included */
};

/* The directory of a file's name; -1: that of the program. */
static inline int model_dir(unsigned name)
{
    return name < MODEL_TOP ? -1 : (int)(name - MODEL_TOP) / 2;
}

/* The bit of a name in a list of them; a name that has no business there has one, too. */
static inline uint64_t model_entry(const char *name)
{
    return (name[0] == '4' || name[0] == '5') && name[1] == 0 ? 1ull << (name[0] - '4') : 4;
}

enum { REGION_A, REGION_B, REGION_C, REGION_D, REGION_E };

static inline uint64_t pack_sizes(const unsigned pages[MODEL_REGIONS])
{
    uint64_t x = 0;
    for (int i = 0; i < MODEL_REGIONS; i++)
        x |= (uint64_t)pages[i] << 12 * i;
    return x;
}

static inline struct layout layout_of(uint64_t sizes)
{
    struct layout l;
    uint64_t at = 0;
    for (int i = 0; i < MODEL_REGIONS; i++) {
        l.base[i] = at;
        l.bytes[i] = (sizes >> 12 * i & 0xfff) * MODEL_PAGE;
        at += l.bytes[i];
        if (i >= REGION_C)
            at += (uint64_t)MODEL_GAP * MODEL_PAGE;
    }
    l.end = at;
    return l;
}

/* ---- bytes ---- */

static inline uint64_t model_mix(uint64_t z)
{
    z = (z ^ z >> 31) * 0xbf58476d1ce4e5b9ull;
    return z ^ z >> 29;
}

/* The n bytes of a seed. */
static inline void model_fill(unsigned char *p, uint64_t n, uint64_t seed)
{
    for (uint64_t i = 0; i < n; i += 8) {
        uint64_t word = model_mix(seed * 0x9e3779b97f4a7c15ull + i + 1);
        if (n - i >= 8 && ((uintptr_t)p & 7) == 0) {
            *(uint64_t __attribute__((may_alias)) *)(p + i) = word;
            continue;
        }
        for (uint64_t k = i; k < n && k < i + 8; k++, word >>= 8)
            p[k] = (unsigned char)word;
    }
}

static inline uint64_t model_word(const unsigned char *p, uint64_t n)
{
    uint64_t word = 0;
    for (uint64_t k = 0; k < n; k++)
        word |= (uint64_t)p[k] << 8 * k;
    return word;
}

/* h: 0, or the digest of what came before, whose length was a multiple of 8. */
static inline uint64_t model_digest(uint64_t h, const unsigned char *p, uint64_t n)
{
    uint64_t i = 0;
    if (((uintptr_t)p & 7) == 0)
        for (; i + 8 <= n; i += 8)
            h = model_mix(h ^ *(const uint64_t __attribute__((may_alias)) *)(p + i)) + 1;
    for (; i < n; i += 8)
        h = model_mix(h ^ model_word(p + i, n - i < 8 ? n - i : 8)) + 1;
    return h;
}

/* One operation's share of the sum over a program, which does not depend on their order. */
static inline uint64_t model_share(uint64_t index, int64_t result, uint64_t digest)
{
    return model_mix(model_mix(index + 1) ^ (uint64_t)result ^ digest);
}

#endif
