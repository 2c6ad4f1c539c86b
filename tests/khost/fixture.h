/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of segments start from: a file system with one file of known bytes, a process with a deferred
 * segment at BUF. The end checks that nothing leaks (S4).
 */
#ifndef KHOST_FIXTURE_H
#define KHOST_FIXTURE_H

#include "khost.h"

#define BUF 0x10000000ull  /* the deferred segment */
#define BUF_PAGES 64
#define OTHER 0x20000000ull
#define PG(n) ((uint64_t)(n) * PGSIZE)

typedef struct Fixture {
    struct tfs_file *file; /* FILE_BYTES of pattern() */
    Proc *proc;
    Segment *seg;
    struct tfs_space space; /* as it was before */
} Fixture;

#define FILE_BYTES (PG(40) + 1000)

extern Fixture fix;

unsigned char pattern(uint64_t off); /* the byte of the file at off */
int fixture_setup(void **state);     /* policy deferred */
int fixture_setup_eager(void **state);
int fixture_teardown(void **state);

int64_t fread_at(uint64_t off, uint64_t va, uint64_t n); /* fileread of fix.file by fix.proc */
int64_t fwrite_at(uint64_t off, uint64_t va, uint64_t n);
/* The process's bytes at va are those of the file pattern at off; loads them. */
void expect_pattern(Proc *, uint64_t va, uint64_t off, uint64_t n);
void expect_bytes(Proc *, uint64_t va, unsigned char byte, uint64_t n);
void save_byte(Proc *, uint64_t va, unsigned char byte);
void save_bytes(Proc *, uint64_t va, unsigned char byte, uint64_t n);
enum ev_enum_page_state state_at(uint64_t va);

#endif
