/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/trace: written "on" or "off", what happens from here on is recorded in the trace or not; read, it says which. It
 * says "on" at first, also where nothing is recorded: the guest must not notice what the host keeps of it.
 */
#include <string.h>
#include "chan.h"
#include "io.h"
#include "proc.h"
#include "trace.h"

static bool on = true;

static int64_t tracewrite(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    char word[8] = "";
    (void)c;
    (void)off;
    if (n >= sizeof word)
        return error(T_EINVAL, "trace: write on or off");
    int err = copyin(word, va, n);
    if (err < 0)
        return err;
    word[strcspn(word, "\n")] = '\0';
    bool wanted = strcmp(word, "on") == 0;
    if (!wanted && strcmp(word, "off") != 0)
        return error(T_EINVAL, "trace: write on or off");
    on = wanted;
    traceswitch(on);
    return (int64_t)n;
}

static int64_t traceread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    (void)c;
    return readtext(va, n, off, on ? "on\n" : "off\n");
}

static int tracestat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "trace", &tracedev, c->qid, 0666);
    return 0;
}

const Dev tracedev = {.letter = 't', .seekable = true, .read = traceread, .write = tracewrite, .stat = tracestat};
