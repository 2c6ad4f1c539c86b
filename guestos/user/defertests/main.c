/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * defertests [--seed S] [--rounds N] [NAME...]: the rules of deferred I/O as a program sees them. A read into a segment
 * of class "defer" must be indistinguishable from a conventional one; all tests pass whatever the policy of the run is,
 * but for `naive`, which has no snapshots. The last test does random operations on files, a segment and processes
 * beside a model in plain memory; it prints its seed when it fails.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "defertests.h"

uint64_t seed = 88172645463325252u, rounds = 1000;

uint8_t *deferred(size_t n)
{
    void *p = segattach(0, "defer", NULL, n);
    CHECK((intptr_t)p != -1);
    return p;
}

/* The whole file, which is there for longer. */
uint8_t *read_whole(int fd, size_t n)
{
    uint8_t *p = deferred(n);
    CHECK_IS(pread(fd, p, n, 0), n);
    return p;
}

void overwrite(const char *name, unsigned with, size_t at, size_t n)
{
    char *buf = malloc(n);
    int fd = open(name, O_RDWR);
    CHECK(buf && fd >= 0);
    fill_pattern(buf, with, at, n);
    CHECK_IS(pwrite(fd, buf, n, (off_t)at), n);
    close(fd);
    free(buf);
}

void overwrite_f(void *unused)
{
    (void)unused;
    overwrite("f", 2, 0, N);
}

uint64_t version(const char *name)
{
    struct tarry_stat st;
    CHECK_IS(dirstat(name, &st), 0);
    return st.version;
}

#define T(name)                                                                                                        \
    { #name, name }

static const struct test tests[] = {
    T(r1_same_process),
    T(r1_other_process),
    T(r1_several_moments),
    T(r2_remove_truncate_close),
    T(r2_offset),
    T(r3_short_read),
    T(r4_holes),
    T(r5_unaligned),
    T(r5_many_pieces),
    T(r8_read_over),
    T(r8_zeros),
    T(r8_segzero),
    T(r8_memset_and_calloc),
    T(r9_two_places_and_overlap),
    T(r10_conventional_files),
    T(s2_store_detaches),
    T(s4_fork),
    T(s4_shared),
    T(s4_grandchildren),
    T(w1_unchanged),
    T(w2_permission),
    T(w3_old_over_new),
    T(w3_same_bytes_again),
    T(w3_cwrite_by_version),
    T(w3_cwrite_by_blocks),
    T(w4_again_and_again),
    T(w4_clean_after_write),
    T(w4_part),
    T(w5_elsewhere),
    T(w5_removed_and_made_again),
    T(w6_preserve_once_is_enough),
    T(w7_over_itself),
    T(w_append_and_extend),
    T(w_from_zeros),
    T(random_operations),
};

static const char help[] =
    "defertests [--seed S] [--rounds N] [NAME...]\n"
    "Runs the tests of those names, or all; seed and number of operations are random_operations'.";

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    while (argc > 1 && argv[1][0] == '-') {
        uint64_t *n = strcmp(argv[1], "--seed") == 0 ? &seed : strcmp(argv[1], "--rounds") == 0 ? &rounds : NULL;
        if (!n || argc == 2 || !parse_number(argv[2], n) || !seed)
            usage(help);
        argc -= 2;
        argv += 2;
    }
    return run_tests("defertests", tests, sizeof tests / sizeof tests[0], argc, argv);
}
