/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sh: the shell.
 *
 *   sh                commands from the input; with a prompt if that is the console
 *   sh FILE [ARG...]  commands from a file
 *   sh -c TEXT [ARG...]
 *
 * A line is a list of pipelines joined by ; & && ||, each made of commands joined by |; (LIST) is a command.
 * Redirections: < > >> and, for another descriptor, 2> 2>>; 2>&1 makes 2 what 1 is. '...' keeps everything, "..." all
 * but $ and \, \ one character; # begins a comment. * ? [set] in a word stand for the names that match. NAME=value sets
 * a variable; $NAME ${NAME} $1...$9 $# $* $0 $$ $! use one; $? is the last exit code, $status the last status as text.
 * Values are not split into words. Built in: cd exit wait exec pwd and "." (commands of a file in this shell). What
 * there is not: functions, if, for, here documents, an environment.
 *
 * On the console every job is a note group of its own and is made the console's foreground group while the shell waits
 * for it: ctrl-C ends the job and not the shell, which ignores the note.
 */
#include <string.h>
#include <unistd.h>
#include "sh.h"

static const char help[] = "sh [FILE [ARG...]]\n"
                           "       sh -c TEXT [ARG...]\n"
                           "Runs commands from FILE, from TEXT, or from the input.";

/* Reads as many lines as make whole commands and runs them. 0 at the end, 1 to go on, -1 after a syntax error. */
static int run_next(struct source *from)
{
    struct text t = {0};
    const char *prompt = "tarry$ ";
    for (;;) {
        if (!append_line(from, &t, prompt)) {
            if (!t.n)
                return 0;
            complain_of("end of input", "in the middle of a command");
            return -1;
        }
        struct parser ps = {t.s, PARSED};
        struct list *l = parse(&ps, false);
        if (ps.outcome == WRONG)
            return -1;
        if (ps.outcome == PARSED) {
            run_lists(l);
            return 1;
        }
        prompt = "> ";
    }
}

int run_source(struct source *from)
{
    for (;;) {
        struct chunk *mark = line_memory;
        int r = run_next(from);
        free_until(mark);
        if (r < 0)
            set_code(MISUSE);
        if (r == 0 || (r < 0 && !interactive))
            return r;
    }
}

int main(int argc, char **argv)
{
    struct source from = {NULL};
    if (help_asked(argc, argv, help))
        return 0;
    nargs = argc > 1 ? argc - 1 : 1;
    args = argc > 1 ? argv + 1 : argv;
    if (argc > 1 && strcmp(argv[1], "-c") == 0) {
        if (argc == 2)
            usage(help);
        from.text = argv[2];
        nargs = argc - 2;
        args = argv + 2;
        args[0] = argv[0];
    } else if (argc > 1 && argv[1][0] == '-') {
        usage(help);
    } else if (argc > 1) {
        if (!(from.text = read_file(argv[1]))) {
            complain(argv[1]);
            return NOT_FOUND;
        }
    } else if (isatty(0)) {
        interactive = true;
        notify(NOTE_IGNORE);
        foreground(getpid());
    }
    run_source(&from);
    if (interactive)
        write_all(1, "\n", 1);
    exits(last_status);
}
