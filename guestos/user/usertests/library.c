/* SPDX-License-Identifier: GPL-2.0-only */
/* usertests: the C library. */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "usertests.h"

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

void c_library(void)
{
    char text[100];
    int numbers[100], n = 0;
    snprintf(text, sizeof text, "%d %5.2f %s %llx %-4c|", -5, 3.14159, "str", 0xdeadbeefcafeull, 'c');
    CHECK_IS(strcmp(text, "-5  3.14 str deadbeefcafe c   |"), 0);
    CHECK(strtod("-1.5e3", NULL) == -1500.0);
    CHECK_IS(sscanf("12 abc 3.5", "%d %s", &n, text), 2);
    CHECK(n == 12 && strcmp(text, "abc") == 0);
    for (int i = 0; i < 100; i++)
        numbers[i] = i * 37 % 100;
    qsort(numbers, 100, sizeof numbers[0], by_value);
    for (int i = 0; i < 100; i++)
        CHECK_IS(numbers[i], i);
    jmp_buf env;
    n = setjmp(env);
    if (n < 3)
        longjmp(env, n + 1);
    CHECK_IS(n, 3);
    CHECK(strcmp(strerror(ENOENT), "") != 0);
}

static void write_and_exit(void *unused)
{
    (void)unused;
    FILE *f = fopen("left open", "w");
    fputs("flushed at exit", f);
    exit(0);
}

void standard_io(void)
{
    char line[64];
    FILE *f = fopen("f", "w");
    CHECK(f != NULL);
    for (int i = 0; i < 2000; i++)
        CHECK(fprintf(f, "line %d\n", i) > 0);
    CHECK_IS(fclose(f), 0);
    f = fopen("f", "r");
    for (int i = 0; i < 2000; i++) {
        int k;
        CHECK(fgets(line, sizeof line, f) && sscanf(line, "line %d", &k) == 1 && k == i);
    }
    CHECK(fgets(line, sizeof line, f) == NULL && feof(f));
    CHECK_IS(fseek(f, 0, SEEK_SET), 0);
    CHECK_IS(fgetc(f), 'l');
    CHECK_IS(ungetc('x', f), 'x');
    CHECK_IS(fgetc(f), 'x');
    CHECK_IS(fseek(f, 7, SEEK_SET), 0);
    CHECK_IS(ftell(f), 7);
    CHECK_IS(fread(line, 1, 6, f), 6);
    CHECK(memcmp(line, "line 1", 6) == 0);
    fclose(f);
    f = fopen("f", "a");
    fputs("more", f);
    fclose(f);
    struct stat st;
    CHECK_IS(stat("f", &st), 0);
    CHECK_IS(st.st_size, 10 * 7 + 90 * 8 + 900 * 9 + 1000 * 10 + 4);
    CHECK(fopen("nothing", "r") == NULL);
    CHECK_IS(strcmp(in_child(write_and_exit, NULL), ""), 0);
    f = fopen("left open", "r");
    CHECK(f != NULL);
    CHECK(fgets(line, sizeof line, f) != NULL);
    CHECK_IS(strcmp(line, "flushed at exit"), 0);
}

void errors(void)
{
    char text[100];
    CHECK_IS(sys_open("/nothing", OREAD), -T_ENOENT);
    int n = errstr(text, sizeof text);
    CHECK(n > 0 && n < (int)sizeof text);
    register long a7 __asm__("a7") = SYS_MAX + 1;
    register long a0 __asm__("a0") = 0;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
    CHECK_IS(a0, -T_ENOSYS);
    a7 = -1;
    a0 = 0;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
    CHECK_IS(a0, -T_ENOSYS);
}
