/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access traces: every fetch, load and store of the instructions that were retired, in order, in compressed blocks
 * (rows of table access_block). docs/access.md is the description of the format; encoder and decoder share the
 * predictors below, so that what the one leaves out the other knows. Nothing here knows a database or a machine.
 */
#ifndef TARRY_ACCESS_H
#define TARRY_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum access_kind { ACCESS_FETCH, ACCESS_LOAD, ACCESS_STORE, ACCESS_AMO };
enum { ACCESS_VERSION = 1, ACCESS_KINDS = 4 };
enum { ACCESS_MOST_INSNS = 4096 };             /* of a piece of straight-line code */
#define ACCESS_BLOCK_ITEMS (1u << 20)          /* pieces run, and loads and stores, in a block: about */
#define ACCESS_MOST_BYTES (64u << 20)          /* of a block before compression */
#define ACCESS_PAGE 4096ull

/* ---- what is written ---- */

/* On whose behalf instructions run. */
struct access_context {
    uint64_t proc; /* id of the process row; 0: none */
    uint64_t satp; /* 0 in M mode */
    uint8_t mode;  /* 0 user, 1 supervisor, 3 machine */
};

/* A load or store of a piece of code. */
struct access_slot {
    uint16_t insn; /* which of its instructions, from 0; two slots never have the same */
    uint8_t kind;
    uint8_t log2;  /* of its size in bytes */
};

/* A piece of straight-line code. */
struct access_code {
    uint64_t pc, pa;      /* of its first byte */
    uint64_t next_page;   /* physical address of the page that its last instruction ends on, if that is another one */
    uint16_t insns, nslots;
    uint16_t bytes;
    bool crosses;         /* it ends on another page */
    bool listed;          /* its fetches are wanted */
    uint8_t *long_insns;  /* bit i: instruction i has 4 bytes, not 2 */
    struct access_slot *slots; /* in order */
    uint64_t block;       /* the encoder's: the block whose dictionary it is in, and where */
    uint32_t number;
};

/* A block before compression, and what its row says. */
struct access_raw {
    uint8_t *bytes;
    size_t n;
    uint64_t first_insn, last_insn, first_ts, last_ts;
    uint64_t proc;               /* of all of it; 0: none, or several */
    bool several;
    uint64_t count[ACCESS_KINDS];
};

struct access_encoder;

/* insn_ns: virtual time of an instruction. NULL: no memory. */
struct access_encoder *access_encoder_new(uint64_t insn_ns);
void access_encoder_free(struct access_encoder *);
/* A piece of code begins to run when `insn` instructions have been retired; skipped_ns: virtual time less insn * insn_ns. */
void access_encode_begin(struct access_encoder *, struct access_code *, uint64_t insn, uint64_t skipped_ns,
                         const struct access_context *);
/* Its slot `slot` is done; slots that are passed over were not. next_page: physical, of an access that goes on there; else 0. */
void access_encode_data(struct access_encoder *, unsigned slot, uint64_t va, uint64_t pa, uint64_t next_page);
/* It is over; so many of its instructions were retired. */
void access_encode_end(struct access_encoder *, unsigned insns);
/* Between two pieces: is the block to be taken? */
bool access_encoder_full(const struct access_encoder *);
/* Between two pieces: takes the block, whose bytes are to be freed. False: there is nothing in it, or no memory. */
bool access_encoder_take(struct access_encoder *, struct access_raw *);
/* Has memory run out? Then nothing of the block is good. */
bool access_encoder_failed(const struct access_encoder *);

/* raw to a blob of the database; *n its size; to be freed. NULL: no memory. */
uint8_t *access_compress(const struct access_raw *, size_t *n);

/* ---- what is read ---- */

/* One access; or a run of fetches with none other between them. */
struct access {
    uint64_t insn;     /* retired before it (before the first of a run) */
    uint64_t ts;       /* virtual ns */
    uint64_t pc, va, pa;
    uint64_t next_pa;  /* of the first byte on the next page, if it goes on there; else 0 */
    uint64_t proc, satp;
    uint32_t bytes;    /* of all of it */
    uint32_t count;    /* fetches in the run; 1 for a load or store */
    uint8_t kind, mode;
};

struct access_reader;

/*
 * Reads a blob of n bytes, which may be anything. Returns NULL with a message if it is no block (or there is no memory).
 * `runs`: fetches come as runs, else one by one.
 */
struct access_reader *access_reader_new(const uint8_t *blob, size_t n, bool runs, char *err, size_t errlen);
/* 1: the next access; 0: the end; -1: the block is damaged, with a message. */
int access_read(struct access_reader *, struct access *, char *err, size_t errlen);
void access_reader_free(struct access_reader *);

#endif
