/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A minimal reader of flattened device trees (Devicetree Specification 0.4, chapter 5): one
 * pass over the structure block that picks out what struct devtree has room for.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include "devtree.h"
#include "proc.h"

enum { FDT_MAGIC = 0xd00dfeed, FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };
enum { MAX_DEPTH = 8 };

struct devtree devtree;

/* A node while its properties are read. */
struct node {
    const char *name;
    const uint8_t *reg, *compatible;
    uint32_t reg_bytes, compatible_bytes;
    uint32_t irq;
    uint32_t address_cells, size_cells; /* of its children */
};

static uint32_t be32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint64_t cells(const uint8_t *p, uint32_t n)
{
    uint64_t v = 0;
    for (uint32_t i = 0; i < n; i++)
        v = v << 32 | be32(p + 4 * i);
    return v;
}

static bool named(const struct node *n, const char *name)
{
    size_t len = strlen(name);
    return strncmp(n->name, name, len) == 0 && (n->name[len] == '\0' || n->name[len] == '@');
}

static bool compatible(const struct node *n, const char *with)
{
    size_t len = strlen(with) + 1;
    for (uint32_t i = 0; i + len <= n->compatible_bytes; i++)
        if ((i == 0 || n->compatible[i - 1] == '\0') && memcmp(n->compatible + i, with, len) == 0)
            return true;
    return false;
}

static void addvirtio(struct device d)
{
    if (devtree.nvirtio == DEVTREE_VIRTIO)
        return;
    unsigned i = devtree.nvirtio++;
    for (; i > 0 && devtree.virtio[i - 1].pa > d.pa; i--)
        devtree.virtio[i] = devtree.virtio[i - 1];
    devtree.virtio[i] = d;
}

static void endnode(const struct node *n, const struct node *parent)
{
    if (n->reg == NULL || n->reg_bytes < 4 * (parent->address_cells + parent->size_cells))
        return;
    struct device d = {cells(n->reg, parent->address_cells), n->irq};
    if (named(n, "memory") && devtree.ram_bytes == 0) {
        devtree.ram_base = d.pa;
        devtree.ram_bytes = cells(n->reg + 4 * parent->address_cells, parent->size_cells);
    } else if (compatible(n, "ns16550a")) {
        devtree.uart = d;
    } else if (compatible(n, "riscv,plic0") || compatible(n, "sifive,plic-1.0.0")) {
        devtree.plic = d;
    } else if (compatible(n, "sifive,test0")) {
        devtree.finisher = d;
    } else if (compatible(n, "virtio,mmio")) {
        addvirtio(d);
    }
}

static void property(struct node *n, const char *name, const uint8_t *value, uint32_t bytes)
{
    if (strcmp(name, "reg") == 0) {
        n->reg = value;
        n->reg_bytes = bytes;
    } else if (strcmp(name, "compatible") == 0) {
        n->compatible = value;
        n->compatible_bytes = bytes;
    } else if (strcmp(name, "interrupts") == 0 && bytes >= 4) {
        n->irq = be32(value);
    } else if (strcmp(name, "#address-cells") == 0 && bytes == 4) {
        n->address_cells = be32(value);
    } else if (strcmp(name, "#size-cells") == 0 && bytes == 4) {
        n->size_cells = be32(value);
    } else if (strcmp(name, "mmu-type") == 0 && devtree.mmu[0] == '\0') {
        memcpy(devtree.mmu, value, bytes < sizeof devtree.mmu ? bytes : sizeof devtree.mmu - 1);
    } else if (strcmp(name, "bootargs") == 0 && named(n, "chosen")) {
        size_t len = bytes < DEVTREE_BOOTARGS ? bytes : DEVTREE_BOOTARGS - 1;
        memcpy(devtree.bootargs, value, len);
    }
}

void devtreeinit(const void *fdt)
{
    const uint8_t *base = fdt;
    if (be32(base) != FDT_MAGIC)
        panic("no device tree");
    const uint8_t *p = base + be32(base + 8);
    const char *strings = (const char *)base + be32(base + 12);
    struct node stack[MAX_DEPTH + 1] = {{.name = "", .address_cells = 2, .size_cells = 1}};
    int depth = 0;
    for (;;) {
        uint32_t token = be32(p);
        p += 4;
        if (token == FDT_BEGIN_NODE) {
            if (++depth > MAX_DEPTH)
                panic("device tree is too deep");
            stack[depth] = (struct node){.name = (const char *)p, .address_cells = 2, .size_cells = 1};
            p += (strlen((const char *)p) + 4) & ~3ull;
        } else if (token == FDT_END_NODE) {
            endnode(&stack[depth], &stack[depth - 1]);
            depth--;
        } else if (token == FDT_PROP) {
            uint32_t bytes = be32(p);
            property(&stack[depth], strings + be32(p + 4), p + 8, bytes);
            p += 8 + ((bytes + 3) & ~3ull);
        } else if (token != FDT_NOP) {
            break; /* FDT_END */
        }
    }
    if (devtree.ram_bytes == 0)
        panic("the device tree names no memory");
}
