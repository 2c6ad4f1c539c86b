/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reach PAGES...: a working set of so many pages, for studies of TLBs. For each number it makes the pages resident,
 * uses them until a TLB has settled, and then measures: N accesses, one to a page, in one of three orders, between
 * two calls of nsec (the canned query experiment-tlb: phases 1, 3, 5 ...). The loops keep what they need in
 * registers, so that every load, or store, is to one of the pages.
 *
 * random and zipf choose by x ^= x << 13; x ^= x >> 7; x ^= x << 17 in 64 bits from x = 88172645463325252. zipf: page
 * 0, or the pages of [1,2), [2,4), [4,8) ..., each of these with the same probability: about 1/rank, without a table.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "reach [--cyclic|--random|--zipf] [--apart S] [--accesses N] [--store] PAGES...\n"
                           "Uses PAGES pages of memory, in turn (--cyclic, if not said), at random, or some much\n"
                           "more than others (PAGES a power of two), N (10000) times, between two calls of nsec.\n"
                           "--apart: every S-th page; --store: stores.";

enum { MAX_SIZES = 32 };

struct task {
    enum { CYCLIC, RANDOM, ZIPF } order;
    uint64_t accesses, apart, sizes, pages[MAX_SIZES], largest;
    bool store;
};

/* Bytes of the kernel's own memory, page tables among them; 0 if nobody says. */
static uint64_t kernel_bytes(void)
{
    static char text[512];
    int fd = open("/dev/swap", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    uint64_t pages;
    close(fd);
    char *end = n < 0 ? NULL : strstr(text, " kernel"), *p = end;
    if (!p)
        return 0;
    for (*end = '\0'; p > text && p[-1] != '\n'; p--)
        ;
    return parse_number(p, &pages) ? pages * TARRY_PAGE : 0;
}

static uint64_t next(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    return x ^ x << 17;
}

static bool parse(int argc, char **argv, struct task *t)
{
    *t = (struct task){.accesses = 10000, .apart = 1};
    for (int i = 1; i < argc; i++) {
        uint64_t *number = strcmp(argv[i], "--accesses") == 0 ? &t->accesses
                           : strcmp(argv[i], "--apart") == 0  ? &t->apart
                           : t->sizes < MAX_SIZES             ? &t->pages[t->sizes]
                                                              : NULL;
        if (strcmp(argv[i], "--cyclic") == 0)
            t->order = CYCLIC;
        else if (strcmp(argv[i], "--random") == 0)
            t->order = RANDOM;
        else if (strcmp(argv[i], "--zipf") == 0)
            t->order = ZIPF;
        else if (strcmp(argv[i], "--store") == 0)
            t->store = true;
        else if (!number || (argv[i][0] == '-' && ++i == argc) || !parse_number(argv[i], number) || *number == 0)
            return false;
        else
            t->sizes += number == &t->pages[t->sizes];
    }
    for (uint64_t i = 0; i < t->sizes; i++) {
        if (t->order == ZIPF && (t->pages[i] & (t->pages[i] - 1)) != 0)
            return false;
        t->largest = t->pages[i] > t->largest ? t->pages[i] : t->largest;
    }
    return t->sizes > 0 && t->largest <= 1u << 24 && t->apart <= 1u << 20;
}

/* One access to page `page`, which holds its number. */
static inline uint64_t use(volatile uint64_t *memory, uint64_t step, uint64_t page, bool store)
{
    volatile uint64_t *word = memory + page * step;
    if (!store)
        return *word;
    *word = page;
    return page;
}

static inline uint64_t visit(volatile uint64_t *memory, const struct task *t, uint64_t pages, uint64_t n, bool store)
{
    uint64_t step = t->apart * (TARRY_PAGE / sizeof *memory), x = 88172645463325252u, sum = 0, page = 0, classes = 1;
    while (pages >> classes > 0)
        classes++;
    for (uint64_t i = 0; t->order == CYCLIC && i < n; i++) {
        sum += use(memory, step, page, store);
        page = page + 1 < pages ? page + 1 : 0;
    }
    for (uint64_t i = 0; t->order == RANDOM && i < n; i++) {
        x = next(x);
        sum += use(memory, step, x % pages, store);
    }
    for (uint64_t i = 0; t->order == ZIPF && i < n; i++) {
        x = next(x);
        uint64_t first = (1ull << (x >> 40) % classes) >> 1;
        sum += use(memory, step, first ? first + (x & (first - 1)) : 0, store);
    }
    return sum;
}

static uint64_t measure(volatile uint64_t *memory, const struct task *t, uint64_t pages)
{
    uint64_t step = t->apart * (TARRY_PAGE / sizeof *memory), sum;
    for (uint64_t i = 0; i < pages; i++)
        memory[i * step] = i;
    visit(memory, t, pages, 2 * pages + 1024, t->store);
    nsec();
    sum = t->store ? visit(memory, t, pages, t->accesses, true) : visit(memory, t, pages, t->accesses, false);
    nsec();
    return sum;
}

int main(int argc, char **argv)
{
    static uint64_t sums[MAX_SIZES], kernel[MAX_SIZES];
    static char line[128];
    struct task t;
    if (help_asked(argc, argv, help))
        return 0;
    if (!parse(argc, argv, &t))
        usage(help);
    uint64_t *memory = segattach(0, "memory", NULL, t.largest * t.apart * TARRY_PAGE), before = kernel_bytes();
    if (memory == (void *)-1) {
        complain("segattach");
        return 1;
    }
    for (uint64_t i = 0; i < t.sizes; i++) {
        sums[i] = measure(memory, &t, t.pages[i]);
        kernel[i] = kernel_bytes() - before;
    }
    for (uint64_t i = 0; i < t.sizes; i++) {
        char *p = put_number(put_text(line, "pages="), (int64_t)t.pages[i]);
        p = put_number(put_text(p, " sum="), (int64_t)sums[i]);
        p = put_number(put_text(p, " kernel="), (int64_t)kernel[i]);
        *p++ = '\n';
        if (write_all(1, line, (size_t)(p - line)) < 0)
            return output_failed();
    }
    return 0;
}
