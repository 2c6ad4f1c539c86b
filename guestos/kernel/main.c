/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens at boot, in order. */
#include "bootargs.h"
#include "cache.h"
#include "chan.h"
#include "devfs.h"
#include "devtree.h"
#include "io.h"
#include "mmu.h"
#include "page.h"
#include "procprivate.h"
#include "reserve.h"
#include "riscv.h"
#include "trace.h"
#include "virtio.h"

enum { NO_FILE_SYSTEM = 2, NO_PROGRAM = 127 }; /* exit statuses of the machine */

extern char kernel_end[]; /* kernel.ld */
void boot(uint64_t hart, uint64_t fdt_pa);

/* Descriptors 0, 1 and 2 of the first process. */
static void openconsole(void)
{
    Chan *dev = devroot(), *c = NULL;
    if (dev == NULL || dev->dev->walk(dev, "cons", &c) < 0)
        panic("no console");
    putchan(dev);
    c->mode = ORDWR;
    c->isopen = true;
    c->ref = 3;
    for (int fd = 0; fd < 3; fd++)
        up->fds->fd[fd] = c;
}

/* The first process, still in the kernel: everything that may sleep. */
static void firstprocess(void)
{
    struct args args;
    bootargs(&args);
    if (superpages)
        reserveinit();
    if (!diskinit())
        print("tarry: there is no disk\n");
    else if (fsmount() < 0)
        print("tarry: no file system on disk 0: %s\n", up->errstr);
    if (rootfs == NULL)
        poweroff(NO_FILE_SYSTEM);
    if ((up->dot = fsroot()) == NULL)
        panic("not enough memory to start");
    openconsole();
    if (execprogram(args.block, &args) < 0) {
        print("tarry: %s\n", up->errstr);
        format(up->priv->status, STATUS_MAX, "%d", NO_PROGRAM);
        procexit(up->priv->status);
    }
}

void boot(uint64_t hart, uint64_t fdt_pa)
{
    (void)hart;
    devtreeinit((const void *)(KZERO + fdt_pa));
    traceinit();
    pageinit(devtree.ram_base, devtree.ram_bytes, (uint64_t)kernel_end - KZERO);
    mmuinit();
    cacheinit();
    plicinit();
    uartinit();
    timerinit();
    procinit();
    procstart(firstprocess);
    scheduler();
}
