/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel objects for the tests: each a heap block of its own. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "khost.h"

struct khost_memory memory;

void *kalloc(size_t bytes)
{
    memory.kallocs++;
    if (memory.fail_kalloc == 1)
        return NULL;
    if (memory.fail_kalloc > 1)
        memory.fail_kalloc--;
    memory.objects++;
    return calloc(1, bytes);
}

void kfree(void *object)
{
    if (object != NULL)
        memory.objects--;
    free(object);
}

int print(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vfprintf(stderr, fmt, args);
    va_end(args);
    return n;
}

void panic(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "panic: ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    va_end(args);
    abort();
}
