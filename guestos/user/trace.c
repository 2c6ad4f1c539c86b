/* SPDX-License-Identifier: GPL-2.0-only */
/* trace [on|off|PROGRAM [ARG...]]: switches the trace of the machine on and off. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "trace [on|off|PROGRAM [ARG...]]\n"
                           "From here on the trace of the machine records what happens, or does not. With a PROGRAM it\n"
                           "records while that runs, and then no more. With nothing it says which. --trace-wait lets a\n"
                           "run begin with nothing recorded.";

static bool switch_to(const char *word)
{
    int fd = open("/dev/trace", O_WRONLY);
    bool good = fd >= 0 && write(fd, word, strlen(word)) == (ssize_t)strlen(word);
    if (!good)
        complain("/dev/trace");
    if (fd >= 0)
        close(fd);
    return good;
}

static int show(void)
{
    char state[8];
    int fd = open("/dev/trace", O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, state, sizeof state) : -1;
    if (n < 0) {
        complain("/dev/trace");
        return 1;
    }
    fwrite(state, 1, (size_t)n, stdout);
    return 0;
}

static int run(char **argv)
{
    struct waitmsg w;
    int pid = switch_to("on") ? rfork(RFPROC | RFFDG) : -1;
    if (pid == 0) {
        execvp(argv[0], argv);
        complain(argv[0]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    if (pid < 0 || await(&w) < 0) {
        complain(argv[0]);
        return 1;
    }
    return switch_to("off") ? exit_code(w.status) : 1;
}

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    if (argc == 1)
        return show();
    if (argv[1][0] == '-')
        usage(help);
    if (argc == 2 && (strcmp(argv[1], "on") == 0 || strcmp(argv[1], "off") == 0))
        return switch_to(argv[1]) ? 0 : 1;
    return run(argv + 1);
}
