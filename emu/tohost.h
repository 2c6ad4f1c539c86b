/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host-target interface of riscv-tests and riscv-arch-test: a word of memory, `tohost`, that the guest writes
 * to end the test, or to print (HTIF). The page it lies on is mapped so that accesses to it call the host; nothing is polled.
 */
#ifndef EMU_TOHOST_H
#define EMU_TOHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

/* Where Unicorn sees the page: outside of everything that a guest can name. */
#define TOHOST_WINDOW (1ull << 44)

struct tohost {
    uint64_t pa;       /* of the word; 0: none */
    uint64_t fromhost; /* 0: none */
    bool written;      /* the page was written to since tohost_serve looked */
    bool reading;      /* the guest waits for a character */
};

/* Watches the word at pa. 0, or -1 with a message. */
int tohost_watch(struct machine *, uint64_t pa, uint64_t fromhost, char *err, size_t errlen);
/* Does what the guest asked for. To be called between two blocks when .written or .reading. */
void tohost_serve(struct machine *);

/* The page's address for Unicorn: the window if it is watched, else pa. */
static inline uint64_t tohost_page(const struct tohost *t, uint64_t pa_page)
{
    return t->pa && pa_page == (t->pa & ~0xfffull) ? TOHOST_WINDOW : pa_page;
}

#endif
