/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decides which events become rows. Every event keeps its number, recorded or not, so that the guest, the trace of the
 * same run with more in it, and `tarry goto` agree on it.
 *
 * A row is recorded if tracing is on, its group is chosen, and it is selected: it fits the filters, or what caused it
 * is selected. An interval that was not selected is recorded all the same if something recorded came of it while it
 * lasted; so is a point, for a short while. Where a row's cause is not recorded the row names the nearest cause of that
 * one which is, or 0.
 */
#ifndef TARRY_FILTER_H
#define TARRY_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include "choice.h"
#include "openset.h"
#include "recorder.h"

#define FILTER_RECENT 65536u /* events whose causes are remembered */
#define FILTER_POINTS 4u     /* points that may still be recorded */
#define FILTER_CHUNKS 65536u /* of 2^20 events each: 256 KiB */

/* Things that were or were not selected, by id, in ascending order. */
struct filter_set {
    struct filter_thing {
        uint64_t id;
        bool selected;
        bool by_pid; /* and remains so, whatever program it runs */
    } *things;
    size_t n, room;
};

struct filter {
    struct choice choice;
    bool active;      /* not every event is recorded */
    bool on, waiting; /* switched on by the guest; nothing is recorded yet (--trace-wait) */
    bool partial;     /* something of the default was left out */
    bool no_memory;
    bool filters;     /* choice has some */
    bool groups_only; /* groups are left out, and nothing else ever was */
    bool chosen[EV_COUNT]; /* kinds of the groups that are recorded */
    struct filter_recent {
        uint64_t id, cause; /* of an event that is not recorded */
    } *recent;              /* FILTER_RECENT, by id */
    uint8_t **lacks;        /* two bits an event: it is not recorded, not selected */
    struct filter_set processes, segments;
    struct record points[FILTER_POINTS];
    unsigned next_point;
    struct filter_places {
        uint8_t address, length, segment; /* words of a record that a filter looks at; 0: it has none */
    } places[EV_COUNT];
    uint64_t cut; /* causes that are too long ago to be followed to one that is recorded */
    bool matched; /* some process was selected by name or pid */
    unsigned nseen;
    char seen[8][32]; /* programs that ran, for the message when it was not */
};

/* Returns 0, or -1 if there is no memory. choice NULL: everything. */
int filter_init(struct filter *, const struct choice *);
void filter_free(struct filter *);

/* The guest switches tracing on or off. Returns how it was. */
bool filter_switch(struct filter *, bool on);

/*
 * A new event; an interval's record is in the open set. Is it to be recorded? Then its cause becomes the nearest one
 * that is; an interval that is not gets the flag REC_UNRECORDED, which may be taken away while it is open. `late` is
 * called with points and things that are to be recorded after all, oldest first.
 */
bool filter_event(struct filter *, struct openset *, struct record *, void (*late)(void *, const struct record *),
                  void *arg);
/* The same, in short, for what is most frequent of all: a point of a group that was not chosen. False: not such a one. */
bool filter_leaves_out(struct filter *, unsigned kind, uint64_t id, uint64_t cause);
/* A process runs a program: to be called before filter_event is told of EV_program. */
void filter_program(struct filter *, uint64_t proc, const char *path, size_t n);

/* Is what this process does recorded now, by itself? */
bool filter_takes(const struct filter *, uint64_t proc);

/* Did --trace-process fit no process of the run? Then a message with those that there were. */
bool filter_unmatched(const struct filter *, char *text, size_t n);

#endif
