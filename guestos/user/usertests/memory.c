/* SPDX-License-Identifier: GPL-2.0-only */
/* usertests: memory. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "usertests.h"

void heap(void)
{
    char *end = sbrk(0);
    CHECK(sbrk(100000) == end);
    CHECK(is_all(end, 0, 100000));
    memset(end, 1, 100000);
    CHECK(sbrk(-100000) != (void *)-1);
    CHECK(sbrk(0) == end);
    CHECK(sbrk(100000) == end);
    CHECK(is_all(end + PAGE, 0, 100000 - PAGE)); /* whole pages that were given back come back as zeros */
    CHECK(sbrk((ptrdiff_t)1 << 45) == (void *)-1);
    CHECK(sbrk(0) == end + 100000);
}

void mallocs(void)
{
    enum { N = 200 };
    static char *p[N];
    static size_t size[N];
    uint64_t r = 12345;
    for (int i = 0; i < 3000; i++) {
        size_t k = random_next(&r) % N;
        if (p[k]) {
            CHECK(is_pattern(p[k], (unsigned)k, 0, size[k]));
            free(p[k]);
            p[k] = NULL;
        } else {
            size[k] = random_next(&r) % (k % 10 ? 300 : 20000);
            CHECK((p[k] = malloc(size[k] + 1)) != NULL);
            fill_pattern(p[k], (unsigned)k, 0, size[k]);
        }
    }
}

static int deep(int n)
{
    volatile char room[1000];
    room[n % 1000] = (char)n;
    return n == 0 ? 0 : deep(n - 1) + (room[n % 1000] == (char)n);
}

void stack_grows(void)
{
    CHECK_IS(deep(500), 500);
}

static void store_at(void *p)
{
    *(volatile char *)p = 1;
}

static void load_at(void *p)
{
    (void)*(volatile char *)p;
}

void segments(void)
{
    char *p = segattach(0, "memory", NULL, 10 * PAGE + 1);
    CHECK((intptr_t)p != -1);
    CHECK_IS((uintptr_t)p % PAGE, 0);
    CHECK(is_all(p, 0, 11 * PAGE));
    fill_pattern(p, 1, 0, 11 * PAGE);
    CHECK_IS(segfree(p + 100, 3 * PAGE), 0);
    CHECK(is_pattern(p, 1, 0, 100));
    CHECK(is_all(p + 100, 0, 3 * PAGE));
    CHECK(is_pattern(p + 100 + 3 * PAGE, 1, 100 + 3 * PAGE, 8 * PAGE - 100));
    CHECK_IS(segfree(p + 10 * PAGE, 2 * PAGE), -1); /* beyond its end */
    char *q = segattach(0, "memory", (void *)0x3000000000, PAGE);
    CHECK(q == (void *)0x3000000000);
    *q = 1;
    CHECK((intptr_t)segattach(0, "memory", q, PAGE) == -1); /* taken */
    CHECK((intptr_t)segattach(0, "memory", q - PAGE, 2 * PAGE) == -1);
    CHECK((intptr_t)segattach(0, "memory", q + 1, PAGE) == -1); /* not on a page */
    CHECK((intptr_t)segattach(0, "nonsense", NULL, PAGE) == -1);
    CHECK((intptr_t)segattach(0, "memory", NULL, 0) == -1);
    CHECK((intptr_t)segattach(0, "memory", NULL, (size_t)1 << 45) == -1);
    CHECK((intptr_t)segattach(0, "memory", NULL, (size_t)-1) == -1);
    CHECK((intptr_t)segattach(0, "memory", (void *)0x3fffffe000, 4 * PAGE) == -1);
    CHECK_IS(segdetach(q), 0);
    CHECK_IS(segdetach(q), -1);
    CHECK_IS(segdetach((void *)files), -1); /* the text stays */
    CHECK(is_pattern(p + 4 * PAGE, 1, 4 * PAGE, PAGE));
    char *r = segattach(0, "memory", q, PAGE);
    CHECK(r == q && *r == 0);
}

void segments_protect(void) { /* the kernel says on the console how these children died */
    char *p = segattach(SG_RONLY, "memory", NULL, PAGE);
    CHECK((intptr_t)p != -1);
    CHECK_IS(*p, 0);
    CHECK(strstr(in_child(store_at, p), "trap") != NULL);
    CHECK_IS(segdetach(p), 0);
    CHECK(strstr(in_child(load_at, p), "trap") != NULL);
    CHECK(strstr(in_child(store_at, (void *)files), "trap") != NULL);
}

static void set_first(void *p)
{
    ((char *)p)[0] = 'c';
    ((char *)p)[5 * PAGE] = 'c';
}

void segments_shared(void)
{
    char *shared = segattach(SG_SHARED, "memory", NULL, 6 * PAGE);
    char *private = segattach(0, "memory", NULL, 6 * PAGE);
    shared[0] = private[0] = 'p';
    CHECK_IS(strcmp(in_child(set_first, shared), ""), 0);
    CHECK(shared[0] == 'c' && shared[5 * PAGE] == 'c');
    CHECK_IS(strcmp(in_child(set_first, private), ""), 0);
    CHECK(private[0] == 'p' && private[5 * PAGE] == 0);
}

void huge_segment(void) { /* costs nothing where it is not touched */
    char *p = segattach(0, "memory", NULL, (size_t)32 << 30);
    CHECK((intptr_t)p != -1);
    for (size_t i = 0; i < 32; i++) {
        CHECK_IS(p[i << 30], 0);
        p[i << 30] = (char)i;
    }
    CHECK_IS(strcmp(in_child(set_first, p), ""), 0);
    CHECK_IS(p[(size_t)7 << 30], 7);
    CHECK_IS(segfree(p, (size_t)32 << 30), 0);
    CHECK_IS(p[(size_t)31 << 30], 0);
}
