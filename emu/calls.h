/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose system calls the ecalls of user programs are: what is known of the calls of a kernel that does not describe
 * them itself, by number.
 */
#ifndef EMU_CALLS_H
#define EMU_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../traces/recorder.h"

#define CALLS 1024u       /* numbers below that have a place */
#define CALLS_ERRORS 256u

struct call {
    const char *name;      /* NULL: not known */
    const char *arguments; /* one letter each (call_word); NULL: not known */
    bool forks;            /* makes a process or thread that returns from it, too, with 0 */
    bool ends;             /* does not return, or does not return behind the ecall */
};

struct calls {
    const char *whose; /* "linux", "xv6", "kernel": its own table; "none" */
    struct call table[CALLS];
    char *text;        /* of names that are the kernel's own */
    struct call_word words[CALLS], errors[CALLS_ERRORS]; /* for the trace */
    size_t nwords, nerrors;
};

/*
 * option: linux, xv6, none; NULL or auto: found out from the kernel's file. 0, or -1 with a message. The result is to be
 * freed with calls_free.
 */
int calls_find(struct calls *, const char *option, const char *kernel, char *err, size_t errlen);
void calls_free(struct calls *);
/* What is known of call `number`: never NULL. */
const struct call *calls_of(const struct calls *, uint64_t number);

#endif
