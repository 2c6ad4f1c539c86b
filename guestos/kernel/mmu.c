/* SPDX-License-Identifier: GPL-2.0-only */
/* Chooses how addresses are translated, by what the device tree says that the hart can do. */
#include <string.h>
#include "devtree.h"
#include "mmuops.h"
#include "page.h"
#include "reserve.h"
#include "trace.h"
#include "../../mmu/pte.h"

static const MmuOps *ops;

/* The value of a word NAME=VALUE of the boot arguments, before the program's, in buf; NULL: there is none. */
static const char *argument(const char *name, char *buf, size_t size)
{
    const char *p = strstr(devtree.bootargs, name), *program = strstr(devtree.bootargs, "-- ");
    size_t n = 0;
    if (p == NULL || (program != NULL && program < p))
        return NULL;
    for (p += strlen(name); *p != '\0' && *p != ' ' && n + 1 < size; p++)
        buf[n++] = *p;
    buf[n] = '\0';
    return buf;
}

void tracestatus(const Asid *a, uint64_t va, uint64_t pte_pa, uint64_t before, uint64_t after)
{
    TRACE(ad_update, .actor = EV_ad_actor_kernel, .va = va & ~(uint64_t)PGMASK, .asid = a->number, .pte_pa = pte_pa,
          .access = (before ^ after) & PTE_D ? EV_access_write : EV_access_read, .before = before, .after = after);
}

void mmuinit(void)
{
    char form[16];
    if (strcmp(devtree.mmu, "tarry,softtlb") == 0)
        ops = softinit(argument("pagetable=", form, sizeof form));
    else
        ops = svinit(strcmp(devtree.mmu, "riscv,sv48") == 0 || strcmp(devtree.mmu, "riscv,sv57") == 0 ? 4 : 3);
}

Space *newspace(void)
{
    return ops->newspace();
}

void freespace(Space *s)
{
    ops->freespace(s);
}

int putmmu(Space *s, uint64_t va, uint64_t pa, int rights)
{
    return ops->putmmu(s, va, pa, rights);
}

void flushmmu(Space *s, uint64_t va, uint64_t bytes, enum ev_enum_demotion why)
{
    ops->flushmmu(s, va, bytes, why);
}

void protectmmu(Space *s, const Segment *segment, uint64_t va, uint64_t bytes)
{
    ops->protectmmu(s, segment, va, bytes);
}

bool promotemmu(Space *s, const Segment *segment, uint64_t va)
{
    return superpages && ops->promotemmu != NULL && ops->promotemmu(s, segment, va);
}

int rightsmmu(const Space *s, uint64_t va)
{
    return ops->rightsmmu(s, va);
}

bool agemmu(Space *s, uint64_t va)
{
    return ops->agemmu(s, va);
}

void mmuswitch(Space *s)
{
    ops->mmuswitch(s);
}

bool refillmmu(uint64_t va, int rights)
{
    return ops->refillmmu != NULL && ops->refillmmu(va, rights);
}
