/* SPDX-License-Identifier: GPL-2.0-only */
/* --tlb: the geometry of the TLB model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlb_model.h"

const char tlb_options_help[] =
    "      --tlb SPEC          count TLB hits and misses exactly; SPEC is KEY=VALUE,... (docs/tlb.md):\n"
    "                            itlb, dtlb, l2, tlb (one for both)  ENTRIES[:WAYS[:POLICY[:LARGE]]], POLICY fifo,\n"
    "                            random, lru or plru (slow with less than 8 sets); walk=ENTRIES  asid=BITS  seed=N\n"
    "                            walk-ns=NS, l2-ns=NS: virtual time they take; 'default' is 32 and 64 entries, fifo;\n"
    "                            watch=1: look at every load and store: slow, but as slow for any program\n"
    "      --stale-tlb         with --tlb: translate by the model's entries, even if the page table has changed\n";

static const char *const policies[] = {
    [MMU_TLB_LRU] = "lru", [MMU_TLB_PLRU] = "plru", [MMU_TLB_FIFO] = "fifo", [MMU_TLB_RANDOM] = "random",
};

static void defaults(struct tlb_options *o)
{
    memset(o, 0, sizeof *o);
    o->config.itlb = (struct mmu_tlb_geometry){32, 32, MMU_TLB_FIFO, 0};
    o->config.dtlb = (struct mmu_tlb_geometry){64, 64, MMU_TLB_FIFO, 0};
    o->config.asid_bits = 16;
    o->config.seed = 1;
}

static bool number(const char *text, uint64_t most, uint64_t *value)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *value = strtoull(text, &end, 10);
    return *end == '\0' && *value <= most;
}

static bool policy(const char *text, enum mmu_tlb_policy *p)
{
    for (unsigned i = 0; i < sizeof policies / sizeof *policies; i++)
        if (!strcmp(text, policies[i])) {
            *p = (enum mmu_tlb_policy)i;
            return true;
        }
    return false;
}

/* ENTRIES[:WAYS[:POLICY[:LARGE]]]; fully associative FIFO if nothing else is said */
static bool geometry(char *text, struct mmu_tlb_geometry *g)
{
    char *field[4], *rest = text;
    unsigned n = 0;
    uint64_t v;
    while (rest && n < 4)
        field[n++] = strsep(&rest, ":");
    if (rest || !number(field[0], UINT32_MAX, &v))
        return false;
    *g = (struct mmu_tlb_geometry){(unsigned)v, (unsigned)v, MMU_TLB_FIFO, 0};
    if (n > 1 && (!number(field[1], UINT32_MAX, &v) || !(g->ways = (unsigned)v)))
        return false;
    if (n > 2 && !policy(field[2], &g->policy))
        return false;
    if (n > 3 && !number(field[3], UINT32_MAX, &v))
        return false;
    g->large = n > 3 ? (unsigned)v : 0;
    return true;
}

static bool key(struct tlb_options *o, const char *name, char *value)
{
    struct mmu_tlb_config *c = &o->config;
    uint64_t v;
    if (!strcmp(name, "itlb"))
        return geometry(value, &c->itlb);
    if (!strcmp(name, "dtlb"))
        return geometry(value, &c->dtlb);
    if (!strcmp(name, "l2"))
        return geometry(value, &c->l2);
    if (!strcmp(name, "tlb")) {
        c->itlb = (struct mmu_tlb_geometry){0};
        return geometry(value, &c->dtlb);
    }
    if (!strcmp(name, "walk") && number(value, UINT32_MAX, &v))
        c->walk_entries = (unsigned)v;
    else if (!strcmp(name, "asid") && number(value, UINT32_MAX, &v))
        c->asid_bits = (unsigned)v;
    else if (!strcmp(name, "watch") && number(value, 1, &v))
        o->watch = v;
    else if (!strcmp(name, "seed") && number(value, UINT64_MAX, &v))
        c->seed = v;
    else if (!strcmp(name, "walk-ns") && number(value, 1000000, &v))
        o->walk_ns = v;
    else if (!strcmp(name, "l2-ns") && number(value, 1000000, &v))
        o->l2_ns = v;
    else
        return false;
    return true;
}

int tlb_options_parse(struct tlb_options *o, const char *text, char *err, size_t errlen)
{
    bool stale = o->stale;
    defaults(o);
    o->stale = stale;
    o->on = true;
    if (strlen(text) >= sizeof o->text) {
        snprintf(err, errlen, "longer than %zu characters", sizeof o->text - 1);
        return -1;
    }
    strcpy(o->text, text);
    char copy[sizeof o->text], *rest = copy;
    strcpy(copy, text);
    for (char *item; strcmp(text, "default") && (item = strsep(&rest, ",")) != NULL;) {
        char shown[64], *value = strchr(item, '=');
        snprintf(shown, sizeof shown, "%s", item);
        if (value)
            *value++ = '\0';
        if (!value || !key(o, item, value)) {
            snprintf(err, errlen, "'%s' is not understood; needs KEY=VALUE with itlb, dtlb, tlb or l2=ENTRIES[:WAYS"
                     "[:POLICY[:LARGE]]], walk, asid, seed, watch, walk-ns or l2-ns=NUMBER", shown);
            return -1;
        }
    }
    const char *why = mmu_tlb_check(&o->config);
    if (why)
        snprintf(err, errlen, "%s", why);
    return why ? -1 : 0;
}

int tlb_options_soft(struct tlb_options *o, char *err, size_t errlen)
{
    if (!o->on)
        return tlb_options_parse(o, "tlb=64:64:random", err, errlen);
    if (o->config.itlb.entries == 0 && o->config.l2.entries == 0 && !o->stale && o->config.dtlb.ways >= 4)
        return 0;
    snprintf(err, errlen, "a software-managed TLB has one array of at least 4 ways (an instruction may need 4 pages), and is "
             "never stale: needs --tlb tlb=ENTRIES..., and no l2");
    return -1;
}
