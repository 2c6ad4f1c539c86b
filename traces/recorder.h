/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recorder: takes events in and writes them to an SQLite database on a
 * thread of its own. The caller is never in the way of the writer and never
 * loses a row: a full queue waits.
 *
 * One caller thread. Ids count from 1 over all tables in the order of the
 * calls that opened the rows, so they are the same in every run of the same
 * command.
 */
#ifndef TARRY_RECORDER_H
#define TARRY_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recorder;
struct access_raw;
struct access_sample;
struct choice;

/* When and on whose behalf an event happened. */
struct event_stamp {
    uint64_t insn;  /* instructions retired since reset */
    uint64_t ts;    /* virtual nanoseconds since reset */
    uint64_t proc;  /* id of the process row, 0: none */
    uint64_t pc;    /* program counter the row is about */
    uint64_t cause; /* id of the causing event, 0: none */
};

/*
 * A system call, or an error, of a kernel that does not describe its calls itself. arguments: one letter for each, d a
 * number, n a size or count, x hex, o octal, s text, f a directory's descriptor; NULL: not known.
 */
struct call_word {
    uint64_t number;
    const char *name;
    const char *arguments;
};

/* What must be known to repeat the run; every string may be NULL. */
struct run_facts {
    const char *command;     /* the command line as typed */
    const char *program;     /* program in the guest */
    const char *arguments;   /* its arguments, shell-quoted */
    const char *io;          /* policy of --io */
    const char *disk_model;  /* as given or default */
    const char *config;      /* all other settings that can change the run, "key=value ..." */
    const char *image_hash;  /* hex digest of the image before the run */
    const char *kernel_hash; /* hex digest of the kernel ELF */
    const char *inputs;      /* "host path:guest path" lines */
    uint64_t ram_bytes;
    uint64_t seed;
    const struct call_word *calls, *errors; /* of the kernel that is booted, ncalls and nerrors of them */
    size_t ncalls, nerrors;
    const struct choice *choice; /* what is to be recorded; NULL: everything */
};

struct run_result {
    uint64_t instructions; /* retired */
    uint64_t virtual_ns;
    uint64_t host_ns;        /* host fact: not compared between runs */
    int64_t exit_status;     /* of the run; -1: it did not end by itself */
    const char *stop_reason; /* "exit", "limit", "interrupted", "error: ..." */
    const struct code *code; /* what the instructions are that the events name (code.h); NULL: not known */
};

/*
 * Creates the database `path`. If the name is free it is written to at once; if it holds a trace (or an empty file),
 * the new one grows beside it as `path`.part and takes its place when the recorder is closed, so that a good
 * file is never replaced by half a one. Anything else that has the name is left alone: an error. A killed
 * run leaves a file that opens and holds everything up to the last batch, with run.complete = 0.
 * path NULL: events are counted and numbered, nothing is stored. facts may be NULL, and need not outlive the call.
 * Returns NULL with a message ("trace PATH: why; remedy") in err.
 */
struct recorder *recorder_open(const char *path, const struct run_facts *facts, char *err, size_t errlen);

/*
 * Records an event. `cols` are its COLUMNs in catalogue order (ncols of them). An
 * interval stays open until recorder_end. Returns the id of the row, or 0 if
 * kind or ncols are not of the catalogue.
 */
uint64_t recorder_event(struct recorder *, unsigned kind, const struct event_stamp *, const uint64_t *cols,
                        unsigned ncols);

/* Can events of a kind become rows? If not, their columns need not be found out: zeros will do. */
bool recorder_wants(const struct recorder *, unsigned kind);

/* Ends the open interval `id` of kind `kind` at virtual time ts_ns. Returns 0, or -1 if there is no such open interval.
 */
int recorder_end(struct recorder *, uint64_t id, unsigned kind, uint64_t ts_ns, const uint64_t *results,
                 unsigned nresults);

/* Gives up waiting for the end of an interval: its row says that it had not ended. Nothing, if it is not open. */
void recorder_abandon(struct recorder *, uint64_t id);

/* The guest switches tracing on or off: what happens meanwhile is numbered, not stored. Returns how it was. */
bool recorder_switch(struct recorder *, bool on);
/* To be called when all of the run has happened: did a filter fit nothing? Then a message. */
bool recorder_unmatched(const struct recorder *, char *text, size_t n);

/*
 * Accesses and samples (access_queue.h) are no events, and have no ids among them. Are those of this process to be recorded
 * now? Then they may be handed over, when the caller likes; both take what they are given, and wait if the writer is behind.
 */
bool recorder_takes_accesses(const struct recorder *, uint64_t proc);
void recorder_accesses(struct recorder *, const struct access_raw *);
void recorder_samples(struct recorder *, struct access_sample *, size_t n);

/* Events so far, stored or not: the id of the newest. */
uint64_t recorder_events(const struct recorder *);
/* Calls fn for every interval of this kind that is open, in order of their ids: id, whose it is, and its columns. */
void recorder_each_open(struct recorder *, unsigned kind,
                        void (*fn)(void *arg, uint64_t id, uint64_t proc, const uint64_t *cols), void *arg);
/* The text of a string by its id, *n bytes; NULL: there is none. */
const char *recorder_text(const struct recorder *, uint64_t id, size_t *n);

/* Returns the id (> 0) of a string of n bytes: the same for equal strings. */
uint64_t recorder_string(struct recorder *, const char *text, size_t n);

/*
 * Ends all open intervals (dur stays null), writes everything, builds the indexes. Frees the recorder in any case.
 * Returns 0, or -1 with a message in err; then the file holds what was stored before, with run.complete = 0.
 * A result of NULL says that the run never began: the new file is removed, an old one of that name stays.
 */
int recorder_close(struct recorder *, const struct run_result *, char *err, size_t errlen);

/* True if the writer met an error (disk full, say): the run should stop. Message in err. */
int recorder_failed(struct recorder *, char *err, size_t errlen);

#endif
