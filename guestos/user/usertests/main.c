/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usertests [NAME...]: what the kernel and the C library promise to programs, checked by a program. At the end it runs
 * notetests and defertests, which check notes and deferred I/O. Status 0 if all passed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "usertests.h"

char big[65536];

static void run_program(void *name)
{
    char path[40], *argv[] = {name, NULL};
    *put_text(put_text(path, "/bin/"), name) = 0;
    exec(path, argv);
    exits("no such program");
}

#define T(name)                                                                                                        \
    { #name, name }

static const struct test tests[] = {
    T(files),
    T(open_modes),
    T(large_file),
    T(holes),
    T(stats),
    T(renames),
    T(directories),
    T(long_names),
    T(devices),
    T(proc_files),
    T(permissions),
    T(space),
    T(descriptors),
    T(statuses),
    T(many_children),
    T(fork_often),
    T(tree_of_children),
    T(not_awaited),
    T(copy_on_write),
    T(shared_descriptors),
    T(kills),
    T(preemption),
    T(time_passes),
    T(floating_point),
    T(pipes),
    T(closed_pipe),
    T(exec_arguments),
    T(exec_failures),
    T(exec_keeps_descriptors),
    T(heap),
    T(mallocs),
    T(stack_grows),
    T(segments),
    T(segments_protect),
    T(segments_shared),
    T(huge_segment),
    T(c_library),
    T(standard_io),
    T(errors),
};

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, "usertests [NAME...]\nRuns the tests of those names, or all."))
        return 0;
    if (argc >= 4 && strcmp(argv[1], "@args") == 0)
        return check_arguments(argc, argv);
    int failed = run_tests("usertests", tests, sizeof tests / sizeof tests[0], argc, argv);
    if (argc == 1) {
        failed |= strcmp(in_child(run_program, "notetests"), "") != 0;
        failed |= strcmp(in_child(run_program, "defertests"), "") != 0;
    }
    return failed;
}
