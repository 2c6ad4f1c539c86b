/* SPDX-License-Identifier: GPL-2.0-only */
/* One study: the references of a trace, shown to every policy. */
#include "study.h"
#include <stdio.h>

#define MOST_FRAMES (1u << 22)

const char *const study_policy_names[STUDY_POLICIES] = {"lru", "fifo", "clock", "opt", "random"};

struct policies {
    struct study_lru *lru;
    struct study_queue *queues[STUDY_POLICIES];
    struct study_opt *opt;
};

static bool refer(void *arg, uint32_t page, uint64_t times)
{
    struct policies *p = arg;
    bool ok = (!p->lru || study_lru_refer(p->lru, page, times)) && (!p->opt || study_opt_refer(p->opt, page));
    for (unsigned i = 0; ok && i < STUDY_POLICIES; i++)
        ok = !p->queues[i] || study_queue_refer(p->queues[i], page);
    return ok;
}

static void stop(struct policies *p)
{
    study_lru_free(p->lru);
    study_opt_free(p->opt);
    for (unsigned i = 0; i < STUDY_POLICIES; i++)
        study_queue_free(p->queues[i]);
}

static bool start(struct policies *p, const struct study *s)
{
    static const enum study_queue_kind kinds[STUDY_POLICIES] = {
        [STUDY_POLICY_FIFO] = STUDY_FIFO, [STUDY_POLICY_CLOCK] = STUDY_CLOCK, [STUDY_POLICY_RANDOM] = STUDY_RANDOM};
    bool ok = true;
    if (s->policies[STUDY_POLICY_LRU])
        ok = (p->lru = study_lru_new()) != NULL;
    if (ok && s->policies[STUDY_POLICY_OPT])
        ok = (p->opt = study_opt_new(s->frames[0])) != NULL;
    for (unsigned i = 0; ok && i < STUDY_POLICIES; i++)
        if (s->policies[i] && i != STUDY_POLICY_LRU && i != STUDY_POLICY_OPT)
            ok = (p->queues[i] = study_queue_new(kinds[i], s->frames, s->nsizes, s->seed)) != NULL;
    return ok;
}

static bool answer(struct study *s, struct policies *p)
{
    for (unsigned k = 0; k < s->nsizes; k++) {
        for (unsigned i = 0; i < STUDY_POLICIES; i++)
            if (p->queues[i])
                s->misses[i][k] = study_queue_misses(p->queues[i], k);
        if (p->lru)
            s->misses[STUDY_POLICY_LRU][k] = study_lru_misses(p->lru, s->frames[k]);
        if (p->opt && !study_opt_misses(p->opt, s->frames[k], &s->misses[STUDY_POLICY_OPT][k]))
            return false;
    }
    return true;
}

/* Sizes beyond the first that holds every page are all the same. */
static void trim(struct study *s)
{
    for (unsigned k = 0; s->trim && k + 1 < s->nsizes; k++)
        if (s->frames[k] >= s->pages)
            s->nsizes = k + 1;
}

int study_run(sqlite3 *db, struct study *s, char *err, size_t errlen)
{
    struct policies p = {0};
    int bad = -1;
    if (!start(&p, s))
        snprintf(err, errlen, "the host is out of memory");
    else
        bad = study_each(db, &s->choice, refer, &p, &s->pages, &s->references, err, errlen);
    if (!bad) {
        trim(s);
        if (!answer(s, &p)) {
            snprintf(err, errlen, "the host is out of memory for OPT's references; study fewer instructions (--window), or larger sizes (--frames)");
            bad = -1;
        }
    }
    stop(&p);
    return bad;
}

void study_default_sizes(struct study *s)
{
    s->nsizes = 0;
    for (uint64_t n = 4; n <= MOST_FRAMES; n *= 2) {
        s->frames[s->nsizes++] = n;
        s->frames[s->nsizes++] = n + n / 2;
    }
    s->trim = true;
}

uint64_t study_agree_from(const struct study *all, const struct study *faults)
{
    uint64_t from = 0;
    for (unsigned k = all->nsizes; k-- > 0 && k < faults->nsizes;) {
        uint64_t a = all->misses[STUDY_POLICY_LRU][k], f = faults->misses[STUDY_POLICY_LRU][k];
        if (f * 10 < a * 9 || f * 9 > a * 10)
            break;
        from = all->frames[k];
    }
    return from;
}
