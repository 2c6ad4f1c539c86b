/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replacement studies (`tarry study`, docs/access.md): how often would a memory of so many frames have missed, under which
 * policy, given the pages that a run referred to? References come one by one, as small numbers of pages.
 */
#ifndef TARRY_STUDY_H
#define TARRY_STUDY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STUDY_MOST_SIZES 64

/* ---- LRU: stack distances (Mattson et al., 1970), all sizes in one pass ---- */

struct study_lru;

struct study_lru *study_lru_new(void); /* NULL: no memory */
void study_lru_free(struct study_lru *);
/* `times` references to a page, with none to another between them. False: no memory. */
bool study_lru_refer(struct study_lru *, uint32_t page, uint64_t times);
/* Misses with so many frames, the first references to each page among them. */
uint64_t study_lru_misses(const struct study_lru *, uint64_t frames);

/* ---- FIFO, clock, random: by simulation, all sizes beside each other ---- */

enum study_queue_kind { STUDY_FIFO, STUDY_CLOCK, STUDY_RANDOM };
struct study_queue;

/* seed: of random. NULL: no memory. */
struct study_queue *study_queue_new(enum study_queue_kind, const uint64_t *frames, unsigned n, uint64_t seed);
void study_queue_free(struct study_queue *);
bool study_queue_refer(struct study_queue *, uint32_t page);
uint64_t study_queue_misses(const struct study_queue *, unsigned size);

/* ---- OPT (Belady, 1966): the references are kept, thinned out, and looked at once per size ---- */

struct study_opt;

/* least: the smallest number of frames that study_opt_misses will be asked for. */
struct study_opt *study_opt_new(uint64_t least);
void study_opt_free(struct study_opt *);
bool study_opt_refer(struct study_opt *, uint32_t page);
/* After the last reference. False: no memory. */
bool study_opt_misses(struct study_opt *, uint64_t frames, uint64_t *misses);
/* References that were kept. */
uint64_t study_opt_kept(const struct study_opt *);

/* ---- where references come from: study_refs.c ---- */

enum study_from { STUDY_ACCESSES, STUDY_SAMPLES, STUDY_FAULTS, STUDY_SOURCES };
extern const char *const study_from_names[STUDY_SOURCES];
enum study_pages { STUDY_USER, STUDY_KERNEL, STUDY_ALL };

struct study_choice {
    enum study_from from;
    enum study_pages pages;
    unsigned shift;          /* log2 of the page's size */
    uint64_t first, last;    /* instructions */
    const char *process;     /* program or pid; NULL: all */
};

/* Called for `times` references to a page, one after the other. False ends it. */
typedef bool study_reference(void *arg, uint32_t page, uint64_t times);

/* Does the trace have any? */
bool study_has(sqlite3 *, enum study_from);
/* Returns 0, or -1 with a message. *pages: how many different ones there were; *references: in all. */
int study_each(sqlite3 *, const struct study_choice *, study_reference *, void *arg, uint64_t *pages, uint64_t *references,
               char *err, size_t errlen);

/* ---- a whole study ---- */

enum study_policy { STUDY_POLICY_LRU, STUDY_POLICY_FIFO, STUDY_POLICY_CLOCK, STUDY_POLICY_OPT, STUDY_POLICY_RANDOM, STUDY_POLICIES };
extern const char *const study_policy_names[STUDY_POLICIES];

struct study {
    struct study_choice choice;
    bool policies[STUDY_POLICIES];
    uint64_t seed;
    uint64_t frames[STUDY_MOST_SIZES]; /* ascending */
    unsigned nsizes;
    bool trim;                         /* drop sizes beyond the first that holds everything */
    /* the answer */
    uint64_t pages, references;
    uint64_t misses[STUDY_POLICIES][STUDY_MOST_SIZES];
};

/* Fills in the answer. Returns 0, or -1 with a message. */
int study_run(sqlite3 *, struct study *, char *err, size_t errlen);
/* The default sizes: 4, 6, 8, 12, ... frames. */
void study_default_sizes(struct study *);
/* From which size on do faults alone tell about as many LRU misses as all references do (within a tenth)? 0: from none. */
uint64_t study_agree_from(const struct study *all, const struct study *faults);

int cmd_study(int argc, char **argv);

#endif
