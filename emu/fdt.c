/* SPDX-License-Identifier: GPL-2.0-only */
/* The board's device tree: node names and compatibles as QEMU's virt board has them, so that one kernel reads both. */
#include "fdt.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "fdt_priv.h"
#include "hart.h"

enum { PHANDLE_CPU_INTC = 1, PHANDLE_PLIC = 2, PHANDLE_TEST = 3 };

/* Errors of libfdt stick: the first one is kept and reported at the end. */
struct tree {
    void *fdt;
    int error;
};

static void keep(struct tree *t, int error)
{
    if (t->error == 0)
        t->error = error;
}

static void begin(struct tree *t, const char *name)
{
    keep(t, fdt_begin_node(t->fdt, name));
}

static void begin_at(struct tree *t, const char *name, uint64_t address)
{
    char full[64];
    snprintf(full, sizeof full, "%s@%llx", name, (unsigned long long)address);
    begin(t, full);
}

static void end(struct tree *t)
{
    keep(t, fdt_end_node(t->fdt));
}

static void text(struct tree *t, const char *name, const char *value)
{
    keep(t, fdt_property_string(t->fdt, name, value));
}

static void bytes(struct tree *t, const char *name, const void *value, size_t n)
{
    keep(t, fdt_property(t->fdt, name, value, (int)n));
}

static void cell(struct tree *t, const char *name, uint32_t value)
{
    keep(t, fdt_property_u32(t->fdt, name, value));
}

static void cells(struct tree *t, const char *name, const uint32_t *values, unsigned n)
{
    fdt32_t big[16];
    for (unsigned i = 0; i < n; i++)
        big[i] = cpu_to_fdt32(values[i]);
    bytes(t, name, big, n * sizeof *big);
}

#define CELLS(t, name, ...) \
    cells(t, name, (uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void reg(struct tree *t, uint64_t base, uint64_t size)
{
    CELLS(t, "reg", (uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32), (uint32_t)size);
}

/* Arguments and initrd are put in by fdt_patch. */
static void chosen(struct tree *t)
{
    begin(t, "chosen");
    text(t, "stdout-path", "/soc/serial@10000000");
    end(t);
}

static void memory(struct tree *t, uint64_t ram_bytes)
{
    begin_at(t, "memory", RAM_BASE);
    text(t, "device_type", "memory");
    reg(t, RAM_BASE, ram_bytes);
    end(t);
}

static void cpus(struct tree *t)
{
    begin(t, "cpus");
    cell(t, "#address-cells", 1);
    cell(t, "#size-cells", 0);
    cell(t, "timebase-frequency", TIMEBASE_HZ);
    begin(t, "cpu@0");
    text(t, "device_type", "cpu");
    cell(t, "reg", 0);
    text(t, "status", "okay");
    text(t, "compatible", "riscv");
    text(t, "riscv,isa", "rv64imafdc_zicntr_zicsr_zifencei_sstc");
    text(t, "mmu-type", "riscv,sv48");
    begin(t, "interrupt-controller");
    cell(t, "#interrupt-cells", 1);
    bytes(t, "interrupt-controller", NULL, 0);
    text(t, "compatible", "riscv,cpu-intc");
    cell(t, "phandle", PHANDLE_CPU_INTC);
    end(t);
    end(t);
    end(t);
}

static void finisher(struct tree *t)
{
    static const char compatible[] = "sifive,test1\0sifive,test0\0syscon";
    begin_at(t, "test", FINISHER_BASE);
    bytes(t, "compatible", compatible, sizeof compatible);
    reg(t, FINISHER_BASE, FINISHER_SIZE);
    cell(t, "phandle", PHANDLE_TEST);
    end(t);
}

static void clint(struct tree *t)
{
    static const char compatible[] = "sifive,clint0\0riscv,clint0";
    begin_at(t, "clint", CLINT_BASE);
    bytes(t, "compatible", compatible, sizeof compatible);
    reg(t, CLINT_BASE, CLINT_SIZE);
    CELLS(t, "interrupts-extended", PHANDLE_CPU_INTC, IRQ_MSOFT, PHANDLE_CPU_INTC, IRQ_MTIMER);
    end(t);
}

static void plic(struct tree *t)
{
    static const char compatible[] = "sifive,plic-1.0.0\0riscv,plic0";
    begin_at(t, "plic", PLIC_BASE);
    bytes(t, "compatible", compatible, sizeof compatible);
    cell(t, "#address-cells", 0);
    cell(t, "#interrupt-cells", 1);
    bytes(t, "interrupt-controller", NULL, 0);
    reg(t, PLIC_BASE, PLIC_SIZE);
    CELLS(t, "interrupts-extended", PHANDLE_CPU_INTC, IRQ_MEXT, PHANDLE_CPU_INTC, IRQ_SEXT);
    cell(t, "riscv,ndev", PLIC_SOURCES);
    cell(t, "phandle", PHANDLE_PLIC);
    end(t);
}

static void virtio(struct tree *t, unsigned slot)
{
    uint64_t base = VIRTIO_BASE + slot * VIRTIO_STRIDE;
    begin_at(t, "virtio_mmio", base);
    text(t, "compatible", "virtio,mmio");
    reg(t, base, VIRTIO_STRIDE);
    cell(t, "interrupts", IRQ_VIRTIO + slot);
    cell(t, "interrupt-parent", PHANDLE_PLIC);
    end(t);
}

static void uart(struct tree *t)
{
    begin_at(t, "serial", UART_BASE);
    text(t, "compatible", "ns16550a");
    reg(t, UART_BASE, UART_SIZE);
    cell(t, "clock-frequency", 3686400);
    cell(t, "interrupts", IRQ_UART);
    cell(t, "interrupt-parent", PHANDLE_PLIC);
    end(t);
}

static void soc(struct tree *t)
{
    begin(t, "soc");
    cell(t, "#address-cells", 2);
    cell(t, "#size-cells", 2);
    text(t, "compatible", "simple-bus");
    bytes(t, "ranges", NULL, 0);
    uart(t);
    finisher(t);
    for (unsigned slot = 0; slot < VIRTIO_SLOTS; slot++)
        virtio(t, slot);
    plic(t);
    clint(t);
    end(t);
}

static void power(struct tree *t, const char *name, uint32_t value)
{
    char compatible[32];
    snprintf(compatible, sizeof compatible, "syscon-%s", name);
    begin(t, name);
    text(t, "compatible", compatible);
    cell(t, "regmap", PHANDLE_TEST);
    cell(t, "offset", 0);
    cell(t, "value", value);
    end(t);
}

int fdt_board(uint64_t ram_bytes, void *to, size_t room)
{
    struct tree t = {to, 0};
    keep(&t, fdt_create(t.fdt, (int)room));
    keep(&t, fdt_finish_reservemap(t.fdt));
    begin(&t, "");
    cell(&t, "#address-cells", 2);
    cell(&t, "#size-cells", 2);
    text(&t, "compatible", "riscv-virtio");
    text(&t, "model", "riscv-virtio,tarry");
    chosen(&t);
    memory(&t, ram_bytes);
    cpus(&t);
    power(&t, "poweroff", 0x5555);
    power(&t, "reboot", 0x7777);
    soc(&t);
    end(&t);
    keep(&t, fdt_finish(t.fdt));
    return t.error;
}
