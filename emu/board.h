/* SPDX-License-Identifier: GPL-2.0-only */
/* The map of the `virt` board: addresses, sizes and interrupt numbers as in QEMU. */
#ifndef EMU_BOARD_H
#define EMU_BOARD_H

#define FINISHER_BASE 0x00100000ull
#define FINISHER_SIZE 0x1000ull
#define CLINT_BASE 0x02000000ull
#define CLINT_SIZE 0x10000ull
#define PLIC_BASE 0x0c000000ull
#define PLIC_SIZE 0x600000ull
#define UART_BASE 0x10000000ull
#define UART_SIZE 0x100ull /* as the device tree says; the bus maps whole pages */
#define VIRTIO_BASE 0x10001000ull
#define VIRTIO_STRIDE 0x1000ull
#define VIRTIO_SLOTS 8
#define RAM_BASE 0x80000000ull
#define KERNEL_BASE 0x80200000ull /* where supervisor kernels enter */
#define FDT_ROOM 0x10000ull       /* the device tree lies in the last 64 KiB of RAM */

#define PLIC_SOURCES 53 /* highest source number */
#define IRQ_VIRTIO 1    /* slot i: IRQ_VIRTIO + i */
#define IRQ_UART 10

#define TIMEBASE_HZ 10000000ull
#define NS_PER_TICK (1000000000ull / TIMEBASE_HZ)

#define PAGE_BYTES 4096ull

#endif
