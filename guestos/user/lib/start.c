/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the first instruction to main and from main's return to the end of the process. Also what picolibc would
 * otherwise bring itself (sbrk): it must be in an object that every program links, so that ours is found first.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "tarry.h"

extern int main(int argc, char **argv);
extern void __libc_init_array(void);
_Noreturn void tarry_start(long *sp);

const char *argv0; /* not initialised: a program without initialised data is one page of file less */

_Noreturn void tarry_start(long *sp) {
    int argc = (int)sp[0];
    char **argv = (char **)(sp + 1);
    argv0 = "?";
    if (argc > 0) {
        argv0 = argv[0];
        for (const char *p = argv0; *p; p++)
            if (*p == '/' && p[1])
                argv0 = p + 1;
    }
    __libc_init_array();
    exit(main(argc, argv));
}

/* main's result n, or exit's: exits("") for 0, exits("n") else. */
_Noreturn void _exit(int code) {
    char text[24];
    *put_number(text, code & 0xff) = 0;
    exits((code & 0xff) ? text : "");
}

_Noreturn void exits(const char *status) {
    for (;;)
        sys_exits(status);
}

/* Where malloc's memory comes from instead of the data segment: malloc_deferred. */
static char *heap, *heap_end;

int malloc_deferred(size_t n)
{
    char *p = segattach(0, "defer", NULL, n);
    if ((intptr_t)p == -1)
        return -1;
    heap = p;
    heap_end = p + n;
    return 0;
}

void *sbrk(ptrdiff_t bytes)
{
    if (heap) {
        char *old_heap = heap;
        if (bytes > heap_end - heap) {
            errno = ENOMEM;
            return (void *)-1;
        }
        heap += bytes;
        return old_heap;
    }
    long old = sys_brk(0);
    long now = bytes ? sys_brk((uintptr_t)old + (uintptr_t)bytes) : old;
    if (now < 0) {
        errno = (int)-now;
        return (void *)-1;
    }
    return (void *)old;
}
