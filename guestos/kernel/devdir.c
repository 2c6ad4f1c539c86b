/* SPDX-License-Identifier: GPL-2.0-only */
/* The directory /dev: it only names the devices that are single files. */
#include <string.h>
#include "chan.h"
#include "proc.h"

enum { QDIR, QCONS, QCONSCTL, QFS, QNULL, QSWAP, QTRACE, QZERO };

static const struct dirtab table[] = {
    {"cons", QCONS, 0666, &consdev},
    {"consctl", QCONSCTL, 0222, &consctldev},
    {"fs", QFS, 0444, &spacedev},
    {"null", QNULL, 0666, &nulldev},
    {"swap", QSWAP, 0444, &swapdev},
    {"trace", QTRACE, 0666, &tracedev},
    {"zero", QZERO, 0444, &zerodev},
};
enum { ENTRIES = sizeof table / sizeof table[0] };

Chan *devroot(void)
{
    return newchan(&devdirdev, QDIR, true, NULL);
}

static int walk(Chan *dir, const char *name, Chan **out)
{
    (void)dir;
    for (unsigned i = 0; i < ENTRIES; i++)
        if (strcmp(table[i].name, name) == 0)
            return (*out = newchan(table[i].dev, table[i].qid, false, NULL)) != NULL ? 0 : -T_ENOMEM;
    return error(T_ENOENT, "%s: file does not exist", name);
}

static int readdir(Chan *c, struct tarry_stat *st)
{
    if (c->cookie >= ENTRIES)
        return 0;
    const struct dirtab *t = &table[c->cookie++];
    synthstat(st, t->name, t->dev, t->qid, t->perm);
    return 1;
}

static int stat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "dev", &devdirdev, c->qid, DMDIR | 0555);
    return 0;
}

const Dev devdirdev = {.letter = 'd', .walk = walk, .readdir = readdir, .stat = stat};
