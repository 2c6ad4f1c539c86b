/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a run is to be recorded: groups of events, and filters by process, segment and address. docs/trace.md says
 * what they mean to the user.
 */
#ifndef TARRY_CHOICE_H
#define TARRY_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHOICE_MOST 16 /* of each kind of filter */

struct choice {
    uint32_t groups; /* bit i: catalogue_groups[i] */
    bool none;       /* nothing at all: no trace is made */
    bool wait;       /* nothing until the guest switches tracing on */
    unsigned nprocesses, nsegments, nranges;
    struct {
        const char *name; /* of the program: its path, or the last part of it; NULL: by pid */
        size_t length;
        uint64_t pid;
    } processes[CHOICE_MOST];
    struct {
        bool by_address;
        uint64_t value; /* type of the segment, or an address that lies in it */
    } segments[CHOICE_MOST];
    struct {
        uint64_t first, last; /* whole pages */
    } ranges[CHOICE_MOST];
    char text[8192]; /* the options as given, if need be cut with "..."; empty if there were none */
};

/* The default: the groups that say so, no filters. */
void choice_default(struct choice *);
/* Everything there is. */
void choice_all(struct choice *);

/*
 * These take the arguments of options; strings stay the caller's. Return 0, or -1 with a message that says what there
 * is. Filters of one kind add up: a row passes that fits one of them.
 */
int choice_groups(struct choice *, const char *arg, char *err, size_t errlen);  /* --trace */
int choice_process(struct choice *, const char *arg, char *err, size_t errlen); /* --trace-process */
int choice_segment(struct choice *, const char *arg, char *err, size_t errlen); /* --trace-segment */
int choice_address(struct choice *, const char *arg, char *err, size_t errlen); /* --trace-address */
void choice_wait(struct choice *);                                              /* --trace-wait */

bool choice_has_group(const struct choice *, unsigned group);
/* Is each fetch, load and store to be recorded? */
bool choice_accesses(const struct choice *);
bool choice_filters(const struct choice *);
/* Are all groups of the default recorded, and all rows of them from the beginning? */
bool choice_is_whole(const struct choice *);

#endif
