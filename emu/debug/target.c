/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers and memory as GDB names them: the description of the target (GDB manual, "RISC-V Features"). */
#include <stdio.h>
#include <string.h>

#include "../../mmu/pte.h"
#include "../machine_priv.h"
#include "debug.h"

/* GDB's numbers, fixed for RISC-V */
enum { REG_PC = 32, REG_F0 = 33, REG_CSR0 = 65, REG_PRIV = REG_CSR0 + 4096 };

static const struct csr_name {
    const char *name;
    unsigned number;
} csr_names[] = {
    {"sstatus", 0x100},       {"sie", 0x104},       {"stvec", 0x105},     {"scounteren", 0x106}, {"senvcfg", 0x10a},
    {"sscratch", 0x140},      {"sepc", 0x141},      {"scause", 0x142},    {"stval", 0x143},      {"sip", 0x144},
    {"stimecmp", 0x14d},      {"satp", 0x180},      {"mstatus", 0x300},   {"misa", 0x301},       {"medeleg", 0x302},
    {"mideleg", 0x303},       {"mie", 0x304},       {"mtvec", 0x305},     {"mcounteren", 0x306}, {"menvcfg", 0x30a},
    {"mcountinhibit", 0x320}, {"mscratch", 0x340},  {"mepc", 0x341},      {"mcause", 0x342},     {"mtval", 0x343},
    {"mip", 0x344},           {"pmpcfg0", 0x3a0},   {"pmpcfg2", 0x3a2},   {"pmpaddr0", 0x3b0},   {"pmpaddr1", 0x3b1},
    {"pmpaddr2", 0x3b2},      {"pmpaddr3", 0x3b3},  {"pmpaddr4", 0x3b4},  {"pmpaddr5", 0x3b5},   {"pmpaddr6", 0x3b6},
    {"pmpaddr7", 0x3b7},      {"pmpaddr8", 0x3b8},  {"pmpaddr9", 0x3b9},  {"pmpaddr10", 0x3ba},  {"pmpaddr11", 0x3bb},
    {"pmpaddr12", 0x3bc},     {"pmpaddr13", 0x3bd}, {"pmpaddr14", 0x3be}, {"pmpaddr15", 0x3bf},  {"tselect", 0x7a0},
    {"mcycle", 0xb00},        {"minstret", 0xb02},  {"cycle", 0xc00},     {"time", 0xc01},       {"instret", 0xc02},
    {"mvendorid", 0xf11},     {"marchid", 0xf12},   {"mimpid", 0xf13},    {"mhartid", 0xf14},    {"mconfigptr", 0xf15},
};
#define NCSRS (sizeof csr_names / sizeof *csr_names)

static const char *const x_names[] = {"zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "fp", "s1", "a0",
                                      "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
                                      "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
static const char *const f_names[] = {"ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1", "fa0",
                                      "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4", "fs5",
                                      "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};

/*
 * Reading a CSR may go through other modes of Unicorn's CPU, which costs the LR reservation: put everything back as it
 * was. A block that is under way counts as far as it has come.
 */
bool target_csr(struct machine *m, unsigned csr, uint64_t *value)
{
    struct hart *h = &m->hart;
    uc_context *before;
    uint64_t insns = h->insns;
    if (uc_context_alloc(h->uc, &before) != UC_ERR_OK)
        return false;
    uc_context_save(h->uc, before);
    h->insns = step_retired(h);
    bool is = csr_get(h, csr, value);
    h->insns = insns;
    uc_context_restore(h->uc, before);
    uc_context_free(before);
    return is;
}

unsigned target_get(struct debug *d, uint64_t number, uint64_t *value)
{
    struct hart *h = &d->machine->hart;
    if (number < REG_PC) {
        *value = hart_reg(h, UC_RISCV_REG_X0 + (int)number);
        return 8;
    }
    if (number == REG_PC) {
        *value = h->pc;
        return 8;
    }
    if (number < REG_CSR0) {
        *value = hart_reg(h, UC_RISCV_REG_F0 + (int)(number - REG_F0));
        return 8;
    }
    if (number == REG_PRIV) {
        *value = hart_privilege(h);
        return 8;
    }
    if (number > REG_PRIV || !target_csr(d->machine, (unsigned)(number - REG_CSR0), value))
        return 0;
    return number <= REG_CSR0 + CSR_FCSR && number >= REG_CSR0 + CSR_FFLAGS ? 4 : 8;
}

/* The hart goes on elsewhere: what was done of the block under way is counted. */
static void move_pc(struct hart *h, uint64_t pc)
{
    if (h->midway) {
        count_retire(h, h->pc);
        h->midway = h->hold = h->cut = false;
    }
    h->waiting = h->announced = false;
    h->pc = pc & ~1ull;
    hart_set_reg(h, UC_RISCV_REG_PC, h->pc);
}

bool target_set(struct debug *d, uint64_t number, uint64_t value)
{
    struct hart *h = &d->machine->hart;
    if (number < REG_PC)
        hart_set_reg(h, UC_RISCV_REG_X0 + (int)number, value);
    else if (number == REG_PC)
        move_pc(h, value);
    else if (number < REG_CSR0)
        hart_set_reg(h, UC_RISCV_REG_F0 + (int)(number - REG_F0), value);
    else if (number >= REG_PRIV)
        return false;
    else
        return csr_set(h, (unsigned)(number - REG_CSR0), value);
    return true;
}

/* ---- memory ---- */

static bool read_pte(void *arg, uint64_t pa, uint64_t *pte)
{
    const void *host = ram_at(arg, pa, sizeof *pte);
    if (host)
        memcpy(pte, host, sizeof *pte);
    return host != NULL;
}

bool target_physical(struct machine *m, uint64_t va, uint64_t *pa)
{
    struct hart *h = &m->hart;
    struct mmu_memory memory = {m, read_pte, NULL};
    struct mmu_context context = {.satp = h->satp, .privilege = MMU_SUPERVISOR, .sum = true, .mxr = true};
    struct mmu_result r;
    *pa = va;
    if (hart_privilege(h) == MMU_MACHINE)
        return true;
    if (!mmu_walk(&context, &memory, va, MMU_LOAD, &r))
        return false;
    *pa = r.pa;
    return true;
}

/* Host memory of [address, address + *bytes), *bytes cut at the page's end. */
static uint8_t *piece(struct debug *d, uint64_t address, uint64_t *bytes, uint64_t *pa)
{
    uint64_t left = PAGE_BYTES - address % PAGE_BYTES;
    *pa = address;
    if (*bytes > left)
        *bytes = left;
    if (!d->shared->physical && !target_physical(d->machine, address, pa))
        return NULL;
    return ram_at(d->machine, *pa, *bytes);
}

bool target_read(struct debug *d, uint64_t address, void *to, uint64_t bytes)
{
    uint8_t *out = to;
    while (bytes > 0) {
        uint64_t now = bytes, pa;
        const uint8_t *host = piece(d, address, &now, &pa);
        if (!host)
            return false;
        memcpy(out, host, now);
        out += now, address += now, bytes -= now;
    }
    return true;
}

bool target_write(struct debug *d, uint64_t address, const void *from, uint64_t bytes)
{
    const uint8_t *in = from;
    for (uint64_t at = 0, now, pa; at < bytes; at += now) {
        now = bytes - at;
        if (!piece(d, address + at, &now, &pa))
            return false;
    }
    for (uint64_t at = 0, now, pa; at < bytes; at += now) {
        now = bytes - at;
        memcpy(piece(d, address + at, &now, &pa), in + at, now);
        ram_written(d->machine, pa, now);
    }
    return true;
}

/* ---- the description ---- */

static size_t put_reg(char *xml, size_t at, size_t size, const char *name, unsigned bits, unsigned number,
                      const char *type)
{
    int n = snprintf(xml + at, size - at, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%u\" type=\"%s\"/>\n", name, bits,
                     number, type);
    return at + (size_t)n;
}

#define FEATURE(name) "<feature name=\"org.gnu.gdb.riscv." name "\">\n"

static size_t put_text(char *xml, size_t at, size_t size, const char *text)
{
    return at + (size_t)snprintf(xml + at, size - at, "%s", text);
}

static size_t put_csrs(struct debug *d, char *xml, size_t at, size_t size)
{
    uint64_t value;
    at = put_text(xml, at, size, "</feature>\n" FEATURE("csr"));
    for (size_t i = 0; i < NCSRS; i++)
        if (target_csr(d->machine, csr_names[i].number, &value))
            at = put_reg(xml, at, size, csr_names[i].name, 64, REG_CSR0 + csr_names[i].number, "int");
    at = put_text(xml, at, size, "</feature>\n" FEATURE("virtual"));
    return put_reg(xml, at, size, "priv", 64, REG_PRIV, "int");
}

const char *target_xml(struct debug *d)
{
    static char xml[16384];
    size_t at = 0, size = sizeof xml;
    if (*xml)
        return xml;
    at = put_text(xml, at, size,
                  "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n"
                  "<architecture>riscv:rv64</architecture>\n"
                  "<osabi>none</osabi>\n" /* for Linux GDB would step by breakpoints of its own, and miss traps */
                  FEATURE("cpu"));
    for (unsigned i = 0; i < 32; i++)
        at = put_reg(xml, at, size, x_names[i], 64, i,
                     i == 2 || i == 3 || i == 4 || i == 8 ? "data_ptr"
                     : i == 1                             ? "code_ptr"
                                                          : "int");
    at = put_reg(xml, at, size, "pc", 64, REG_PC, "code_ptr");
    at = put_text(xml, at, size, "</feature>\n" FEATURE("fpu"));
    for (unsigned i = 0; i < 32; i++)
        at = put_reg(xml, at, size, f_names[i], 64, REG_F0 + i, "ieee_double");
    at = put_reg(xml, at, size, "fflags", 32, REG_CSR0 + CSR_FFLAGS, "int");
    at = put_reg(xml, at, size, "frm", 32, REG_CSR0 + CSR_FRM, "int");
    at = put_reg(xml, at, size, "fcsr", 32, REG_CSR0 + CSR_FCSR, "int");
    at = put_csrs(d, xml, at, size);
    put_text(xml, at, size, "</feature>\n</target>\n");
    return xml;
}
