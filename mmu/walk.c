/* SPDX-License-Identifier: GPL-2.0-only */
/* The page-table walk (privileged spec, 4.3.2; step numbers are the spec's). */
#include <stddef.h>

#include "pte.h"
#include "walk.h"

static bool refuse(struct mmu_result *r, enum mmu_refusal why)
{
    r->refusal = why;
    return false;
}

static bool bare(uint64_t va, struct mmu_result *r)
{
    *r = (struct mmu_result){.refusal = MMU_OK, .rights = MMU_READ | MMU_WRITE | MMU_EXEC, .pa = va};
    return true;
}

/* Address bits above the top one must be its copies (4.4.1). */
static bool canonical(uint64_t va, unsigned levels)
{
    unsigned top = PAGE_SHIFT_4K + levels * PTE_INDEX_BITS - 1;
    int64_t high = (int64_t)va >> top;
    return high == 0 || high == -1;
}

/* The rights that a leaf gives to this context, not looking at A and D. */
static unsigned leaf_rights(const struct mmu_context *c, uint64_t pte)
{
    unsigned rights = 0;
    if ((pte & PTE_R) || (c->mxr && (pte & PTE_X)))
        rights |= MMU_READ;
    if (pte & PTE_W)
        rights |= MMU_WRITE;
    if (pte & PTE_X)
        rights |= MMU_EXEC;
    if (c->privilege == MMU_USER)
        return pte & PTE_U ? rights : 0;
    if (pte & PTE_U)
        return c->sum ? rights & ~(unsigned)MMU_EXEC : 0;
    return rights;
}

/* Step 5 and 6: may this context do this access at this leaf? */
static enum mmu_refusal check_leaf(const struct mmu_context *c, uint64_t pte, unsigned level, enum mmu_access access)
{
    bool user_page = pte & PTE_U;
    if (c->privilege == MMU_USER && !user_page)
        return MMU_SUPERVISOR_PAGE;
    if (c->privilege == MMU_SUPERVISOR && user_page && (access == MMU_FETCH || !c->sum))
        return MMU_USER_PAGE;
    unsigned rights = leaf_rights(c, pte);
    if (access == MMU_LOAD && !(rights & MMU_READ))
        return MMU_NOT_READABLE;
    if (access == MMU_STORE && !(rights & MMU_WRITE))
        return MMU_NOT_WRITABLE;
    if (access == MMU_FETCH && !(rights & MMU_EXEC))
        return MMU_NOT_EXECUTABLE;
    uint64_t low_ppn = (1ull << (level * PTE_INDEX_BITS)) - 1;
    if ((pte >> PTE_PPN_SHIFT) & low_ppn)
        return MMU_MISALIGNED;
    return MMU_OK;
}

/* Step 3: is the entry well formed? */
static enum mmu_refusal check_form(uint64_t pte)
{
    if (!(pte & PTE_V))
        return MMU_INVALID;
    if (pte & PTE_RESERVED)
        return MMU_RESERVED;
    if ((pte & PTE_W) && !(pte & PTE_R))
        return MMU_WRITE_ONLY;
    return MMU_OK;
}

/* Step 4: a pointer to the next level. */
static enum mmu_refusal check_pointer(uint64_t pte, unsigned level)
{
    if (pte & (PTE_A | PTE_D | PTE_U))
        return MMU_POINTER_BITS;
    return level == 0 ? MMU_NO_LEAF : MMU_OK;
}

/* Step 7 and 8: A and D, and the address. */
static bool finish(const struct mmu_context *c, const struct mmu_memory *mem, uint64_t va, enum mmu_access access,
                   struct mmu_result *r)
{
    uint64_t pte = r->pte | PTE_A | (access == MMU_STORE ? PTE_D : 0);
    if (pte != r->pte && mem->write) {
        if (!mem->write(mem->arg, r->pte_pa, pte))
            return refuse(r, MMU_NO_TABLE);
        r->pte = pte;
    }
    r->page_bytes = 1ull << (PAGE_SHIFT_4K + r->level * PTE_INDEX_BITS);
    r->pa = (PTE_TO_PA(r->pte) & ~(r->page_bytes - 1)) | (va & (r->page_bytes - 1));
    r->rights = leaf_rights(c, r->pte);
    if (!(r->pte & PTE_D))
        r->rights &= ~(unsigned)MMU_WRITE;
    r->refusal = MMU_OK;
    return true;
}

static bool walk(const struct mmu_context *c, const struct mmu_memory *mem, uint64_t va, enum mmu_access access,
                 unsigned levels, struct mmu_result *r)
{
    uint64_t table = SATP_ROOT(c->satp);
    *r = (struct mmu_result){0};
    if (!canonical(va, levels))
        return refuse(r, MMU_NOT_CANONICAL);
    for (r->level = levels - 1;; r->level--) {
        uint64_t index = (va >> (PAGE_SHIFT_4K + r->level * PTE_INDEX_BITS)) & ((1u << PTE_INDEX_BITS) - 1);
        r->pte_pa = table + index * 8;
        if (!mem->read(mem->arg, r->pte_pa, &r->pte))
            return refuse(r, MMU_NO_TABLE);
        enum mmu_refusal why = check_form(r->pte);
        if (why == MMU_OK && (r->pte & (PTE_R | PTE_X))) {
            why = check_leaf(c, r->pte, r->level, access);
            return why == MMU_OK ? finish(c, mem, va, access, r) : refuse(r, why);
        }
        if (why == MMU_OK)
            why = check_pointer(r->pte, r->level);
        if (why != MMU_OK)
            return refuse(r, why);
        table = PTE_TO_PA(r->pte);
    }
}

bool mmu_leaf(const struct mmu_context *c, uint64_t pte, unsigned level, uint64_t va, enum mmu_access access,
              struct mmu_result *r)
{
    static const struct mmu_memory none;
    *r = (struct mmu_result){.pte = pte, .level = level};
    enum mmu_refusal why = check_form(pte);
    if (why == MMU_OK)
        why = check_leaf(c, pte, level, access);
    return why == MMU_OK ? finish(c, &none, va, access, r) : refuse(r, why);
}

bool mmu_walk(const struct mmu_context *c, const struct mmu_memory *mem, uint64_t va, enum mmu_access access,
              struct mmu_result *r)
{
    unsigned mode = SATP_MODE(c->satp);
    if (c->privilege == MMU_MACHINE || mode == SATP_BARE)
        return bare(va, r);
    if (mode == SATP_SV39)
        return walk(c, mem, va, access, 3, r);
    if (mode == SATP_SV48)
        return walk(c, mem, va, access, 4, r);
    *r = (struct mmu_result){0};
    return refuse(r, MMU_BAD_MODE);
}

const char *mmu_refusal_text(enum mmu_refusal why)
{
    static const char *const text[MMU_REFUSALS] = {
        [MMU_OK] = "allowed",
        [MMU_BAD_MODE] = "satp.MODE is not implemented",
        [MMU_NOT_CANONICAL] = "address is not canonical",
        [MMU_NO_TABLE] = "page table outside of memory",
        [MMU_INVALID] = "entry not valid",
        [MMU_RESERVED] = "reserved bit set in entry",
        [MMU_WRITE_ONLY] = "entry has W without R",
        [MMU_NO_LEAF] = "pointer at the last level",
        [MMU_POINTER_BITS] = "A, D or U set in a pointer",
        [MMU_MISALIGNED] = "misaligned superpage",
        [MMU_SUPERVISOR_PAGE] = "user access to a supervisor page",
        [MMU_USER_PAGE] = "supervisor access to a user page",
        [MMU_NOT_READABLE] = "page not readable",
        [MMU_NOT_WRITABLE] = "page not writable",
        [MMU_NOT_EXECUTABLE] = "page not executable",
        [MMU_NO_ENTRY] = "no entry in the software-managed TLB",
        [MMU_WINDOW] = "user access to the supervisor's window",
        [MMU_NOT_DIRTY] = "store at an entry of the software-managed TLB without D",
    };
    return why < MMU_REFUSALS ? text[why] : "unknown";
}
