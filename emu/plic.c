/* SPDX-License-Identifier: GPL-2.0-only */
/* PLIC. A source that is high becomes pending unless it is being served; claim takes it, complete opens it again. */
#include "machine_priv.h"
#include "plic.h"

enum {
    PRIORITY = 0,
    PENDING = 0x1000,
    ENABLE = 0x2000,
    ENABLE_STRIDE = 0x80,
    CONTEXT = 0x200000,
    CONTEXT_STRIDE = 0x1000,
    MAX_PRIORITY = 7,
};

#define SOURCE_MASK (((1ull << PLIC_SOURCES) - 1) << 1)

/* The source to serve next: highest priority above the threshold, then lowest number. 0: none. */
static unsigned best(const struct plic *p, unsigned context)
{
    unsigned source = 0;
    uint32_t above = p->threshold[context];
    for (uint64_t ready = p->pending & p->enable[context]; ready; ready &= ready - 1) {
        unsigned i = (unsigned)__builtin_ctzll(ready);
        if (p->priority[i] > above) {
            above = p->priority[i];
            source = i;
        }
    }
    return source;
}

static void update(struct machine *m)
{
    struct plic *p = &m->plic;
    p->pending |= p->level & ~p->claimed;
    hart_set_line(&m->hart, IRQ_MEXT, best(p, 0) != 0);
    hart_set_line(&m->hart, IRQ_SEXT, best(p, 1) != 0);
}

void plic_set_level(struct machine *m, unsigned source, bool high)
{
    struct plic *p = &m->plic;
    uint64_t bit = 1ull << source;
    if (high)
        p->level |= bit;
    else {
        p->level &= ~bit;
        p->pending &= ~bit; /* QEMU's PLIC withdraws it too */
    }
    update(m);
}

static uint32_t claim(struct machine *m, unsigned context)
{
    unsigned source = best(&m->plic, context);
    if (source) {
        m->plic.pending &= ~(1ull << source);
        m->plic.claimed |= 1ull << source;
        update(m);
        if (source == IRQ_UART)
            uart_claimed(m);
    }
    return source;
}

static void complete(struct machine *m, unsigned context, uint64_t source)
{
    if (source == 0 || source > PLIC_SOURCES || !(m->plic.enable[context] >> source & 1))
        return;
    m->plic.claimed &= ~(1ull << source);
    update(m);
}

static uint32_t half(uint64_t word, uint64_t offset)
{
    return offset == 0 ? (uint32_t)word : offset == 4 ? (uint32_t)(word >> 32) : 0;
}

static uint64_t plic_read(void *arg, uint64_t offset, unsigned bytes)
{
    struct machine *m = arg;
    struct plic *p = &m->plic;
    (void)bytes;
    if (offset < PENDING)
        return offset / 4 <= PLIC_SOURCES ? p->priority[offset / 4] : 0;
    if (offset < ENABLE)
        return half(p->pending, offset - PENDING);
    if (offset < CONTEXT) {
        uint64_t context = (offset - ENABLE) / ENABLE_STRIDE;
        return context < PLIC_CONTEXTS ? half(p->enable[context], (offset - ENABLE) % ENABLE_STRIDE) : 0;
    }
    uint64_t context = (offset - CONTEXT) / CONTEXT_STRIDE, reg = (offset - CONTEXT) % CONTEXT_STRIDE;
    if (context >= PLIC_CONTEXTS)
        return 0;
    return reg == 0 ? p->threshold[context] : reg == 4 ? claim(m, (unsigned)context) : 0;
}

static void write_enable(struct plic *p, uint64_t offset, uint64_t value)
{
    uint64_t context = offset / ENABLE_STRIDE, reg = offset % ENABLE_STRIDE;
    if (context >= PLIC_CONTEXTS || (reg != 0 && reg != 4))
        return;
    uint64_t mask = 0xffffffffull << (8 * reg);
    p->enable[context] = ((p->enable[context] & ~mask) | ((value << (8 * reg)) & mask)) & SOURCE_MASK;
}

static void plic_write(void *arg, uint64_t offset, unsigned bytes, uint64_t value)
{
    struct machine *m = arg;
    struct plic *p = &m->plic;
    (void)bytes;
    if (offset < PENDING) {
        if (offset / 4 >= 1 && offset / 4 <= PLIC_SOURCES)
            p->priority[offset / 4] = value & MAX_PRIORITY;
    } else if (offset >= ENABLE && offset < CONTEXT) {
        write_enable(p, offset - ENABLE, value);
    } else if (offset >= CONTEXT) {
        uint64_t context = (offset - CONTEXT) / CONTEXT_STRIDE, reg = (offset - CONTEXT) % CONTEXT_STRIDE;
        if (context < PLIC_CONTEXTS && reg == 0)
            p->threshold[context] = value & MAX_PRIORITY;
        else if (context < PLIC_CONTEXTS && reg == 4)
            complete(m, (unsigned)context, value);
    }
    update(m);
}

int plic_init(struct machine *m, char *err, size_t errlen)
{
    return bus_add(m, &(struct device){PLIC_BASE, PLIC_SIZE, plic_read, plic_write, m}, err, errlen);
}
