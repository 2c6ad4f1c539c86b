/* SPDX-License-Identifier: GPL-2.0-only */
/* Shrinking. See shrink.h. */
#include <stdlib.h>
#include <string.h>
#include "shrink.h"

typedef struct Shrink {
    struct mop *best, *trial;
    unsigned long n;
    bool (*fails)(void *arg, const struct mop *, unsigned long n);
    void *arg;
} Shrink;

/*
 * Leaves out what makes no sense (any more) in trial[0..n) and asks the model for the results. What a program needs at
 * its end, it gets: its processes exit. Returns the new length.
 */
static unsigned long repair(struct mop *trial, unsigned long n)
{
    Model *m = model_new();
    unsigned long kept = 0;
    for (unsigned long i = 0; i < n; i++) {
        struct mop op = trial[i];
        if (!model_allows(m, &op) || op.kind == MOP_end)
            continue;
        model_do(m, &op);
        trial[kept++] = op;
    }
    model_free(m);
    return kept;
}

/* Keeps the trial if it is a program, shorter or simpler, and fails. */
static bool try(Shrink *s, unsigned long n)
{
    n = repair(s->trial, n);
    if (n == 0 || n > s->n || (n == s->n && memcmp(s->trial, s->best, n * sizeof *s->best) == 0))
        return false;
    if (s->trial[n - 1].kind != MOP_finish || !s->fails(s->arg, s->trial, n))
        return false;
    memcpy(s->best, s->trial, n * sizeof *s->best);
    s->n = n;
    return true;
}

/* Must it stay? The ends of programs and of processes: a program without them is none. */
static bool is_frame(const struct mop *op)
{
    return op->kind == MOP_begin || op->kind == MOP_finish || op->kind == MOP_exit;
}

/* Leaves out `chunk` operations from `at` on, but for the frame. */
static bool without(Shrink *s, unsigned long at, unsigned long chunk, bool frame_too)
{
    unsigned long kept = 0;
    for (unsigned long i = 0; i < s->n; i++)
        if (i < at || i >= at + chunk || (!frame_too && is_frame(&s->best[i])))
            s->trial[kept++] = s->best[i];
    return try(s, kept);
}

/* Whole programs. */
static void drop_programs(Shrink *s)
{
    for (unsigned long at = s->n; at > 0;) {
        unsigned long end = at;
        do
            at--;
        while (at > 0 && s->best[at].kind != MOP_begin);
        if (end - at < s->n)
            without(s, at, end - at, true);
        if (at > s->n)
            at = s->n;
    }
}

static bool drop_operations(Shrink *s)
{
    bool better = false;
    for (unsigned long chunk = s->n / 2; chunk > 0; chunk /= 2)
        for (unsigned long end = s->n; end > 0;) { /* from the end: what is late depends on what is early */
            unsigned long at = end > chunk ? end - chunk : 0;
            better |= without(s, at, end - at, false);
            end = at < s->n ? at : s->n;
        }
    return better;
}

/* A child that is forked and exits, and does nothing in between that matters. */
static bool drop_processes(Shrink *s)
{
    bool better = false;
    for (unsigned long i = 0; i < s->n; i++) {
        if (s->best[i].kind != MOP_fork)
            continue;
        unsigned long kept = 0, alive = 1;
        for (unsigned long k = 0; k < s->n; k++) {
            bool gone = k >= i && alive && (k == i || s->best[k].proc == s->best[i].a);
            if (gone && s->best[k].kind == MOP_exit)
                alive = 0;
            if (!gone)
                s->trial[kept++] = s->best[k];
        }
        better |= try(s, kept);
    }
    return better;
}

static bool with(Shrink *s, unsigned long i, struct mop op)
{
    memcpy(s->trial, s->best, s->n * sizeof *s->best);
    s->trial[i] = op;
    return try(s, s->n);
}

/* Simpler numbers. */
static bool simplify(Shrink *s)
{
    bool better = false;
    for (unsigned long i = 0; i < s->n; i++) {
        struct mop op = s->best[i];
        bool sized = op.kind == MOP_read || op.kind == MOP_write || op.kind == MOP_load || op.kind == MOP_store ||
                     op.kind == MOP_copy || op.kind == MOP_free || op.kind == MOP_zero || op.kind == MOP_cwrite || op.kind == MOP_squeeze;
        for (uint32_t n = op.n; sized && n > 1;) {
            uint32_t round = n % MODEL_PAGE != 0 && n > MODEL_PAGE ? n - n % MODEL_PAGE : n / 2;
            op = s->best[i];
            op.n = n = round;
            if (!with(s, i, op))
                break;
            better = true;
            if (i >= s->n)
                return better;
        }
        op = s->best[i];
        if (sized && op.kind != MOP_squeeze && op.x % MODEL_PAGE != 0) {
            op.x -= op.x % MODEL_PAGE;
            better |= with(s, i, op);
        }
        op = i < s->n ? s->best[i] : op;
        if (op.kind == MOP_begin && op.n != 0) {
            op.n = 0;
            better |= with(s, i, op);
        }
        if (i < s->n && op.b == 1 && (op.kind == MOP_load || op.kind == MOP_store || op.kind == MOP_copy)) {
            op.b = 0;
            better |= with(s, i, op);
        }
    }
    return better;
}

unsigned long shrink(struct mop *ops, unsigned long n, bool (*fails)(void *arg, const struct mop *, unsigned long n),
                     void *arg)
{
    Shrink s = {.best = ops, .n = n, .trial = malloc(n * sizeof *ops), .fails = fails, .arg = arg};
    if (s.trial == NULL)
        abort();
    drop_programs(&s);
    for (bool better = true; better;) {
        better = drop_operations(&s);
        better |= drop_processes(&s);
        better |= simplify(&s);
    }
    free(s.trial);
    return s.n;
}
