/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests of defertests, which main.c runs, and what they share. */
#ifndef DEFERTESTS_H
#define DEFERTESTS_H

#include "tarry.h"
#include "testing.h"

#define PAGE ((size_t)TARRY_PAGE)

enum { N = 20 * 4096 + 123 }; /* bytes of a usual file: not whole pages */

extern uint64_t seed, rounds; /* of random_operations */

/* A deferred segment. */
uint8_t *deferred(size_t n);
/* One that n bytes of the file have been read into, from its beginning. */
uint8_t *read_whole(int fd, size_t n);
/* n bytes of the file become those of another pattern; the whole of "f", of pattern 2, for in_child. */
void overwrite(const char *name, unsigned with, size_t at, size_t n);
void overwrite_f(void *unused);
uint64_t version(const char *name);

/* ---- reading.c ---- */
void r1_same_process(void);
void r1_other_process(void);
void r1_several_moments(void);
void r2_remove_truncate_close(void);
void r2_offset(void);
void r3_short_read(void);
void r4_holes(void);
void r5_unaligned(void);
void r5_many_pieces(void);
void r8_read_over(void);
void r8_zeros(void);
void r8_segzero(void);
void r8_memset_and_calloc(void);
void r9_two_places_and_overlap(void);
void r10_conventional_files(void);

/* ---- storing.c ---- */
void s2_store_detaches(void);
void s4_fork(void);
void s4_shared(void);
void s4_grandchildren(void);

/* ---- writing.c ---- */
void w1_unchanged(void);
void w2_permission(void);
void w3_old_over_new(void);
void w3_same_bytes_again(void);
void w3_cwrite_by_version(void);
void w3_cwrite_by_blocks(void);
void w4_again_and_again(void);
void w4_clean_after_write(void);
void w4_part(void);
void w5_elsewhere(void);
void w5_removed_and_made_again(void);
void w6_preserve_once_is_enough(void);
void w7_over_itself(void);
void w_append_and_extend(void);
void w_from_zeros(void);

/* ---- random.c ---- */
void random_operations(void);

#endif
