/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * No page table at all, Plan 9's way: the segment and its map of pages are the truth, and what was asked for lately is in a
 * second-level TLB in software. Whatever is not there takes the way of a fault. An instruction may need four pages at once
 * (its own two, and its data's), so there are four ways.
 */
#include <stddef.h>
#include "softmap.h"

enum { SETS = 256, WAYS = 4, ENTRIES = SETS * WAYS };

static SoftEntry table[ENTRIES];
static uint8_t next[SETS]; /* which way goes next */

static bool init(uint64_t frames)
{
    (void)frames;
    return true;
}

static uint64_t setof(uint64_t space, uint64_t vpn)
{
    return (vpn ^ vpn >> 9 ^ space * 61) % SETS;
}

static SoftEntry *find(uint64_t space, uint64_t vpn)
{
    SoftEntry *e = &table[setof(space, vpn) * WAYS];
    for (int i = 0; i < WAYS; i++, e++)
        if (e->space == space && e->vpn == vpn)
            return e;
    return NULL;
}

static SoftEntry *place(uint64_t space, uint64_t vpn)
{
    uint64_t set = setof(space, vpn);
    SoftEntry *e = &table[set * WAYS];
    for (int i = 0; i < WAYS; i++)
        if (e[i].space == 0)
            return &e[i];
    return &e[next[set]++ % WAYS];
}

static void removeentry(SoftEntry *e)
{
    e->space = 0;
}

static void each(uint64_t space, uint64_t first, uint64_t end, void (*f)(SoftEntry *, void *), void *arg)
{
    if (end - first < ENTRIES) {
        for (uint64_t vpn = first; vpn < end; vpn++) {
            SoftEntry *e = find(space, vpn);
            if (e != NULL)
                f(e, arg);
        }
        return;
    }
    for (SoftEntry *e = table; e < table + ENTRIES; e++)
        if (e->space == space && e->vpn >= first && e->vpn < end)
            f(e, arg);
}

const SoftMap softcache = {"segments", init, find, place, removeentry, each};
