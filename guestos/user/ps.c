/* SPDX-License-Identifier: GPL-2.0-only */
/* ps: the processes, from /proc: number, parent, state, virtual milliseconds on the hart, name. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] =
    "ps\n"
    "Lists the processes: number, parent's number, state, virtual milliseconds on the hart, name.";

enum { PID, PARENT, NOTEGROUP, STATE, UTIME, FIELDS };

/* Cuts the last word off the line and returns it. */
static char *last_word(char *line)
{
    char *space = strrchr(line, ' ');
    if (!space)
        return line;
    *space = 0;
    return space + 1;
}

/* A line of /proc/PID/status is: name pid parent notegroup state utime_ns; the name may have blanks. */
static void show(char *status)
{
    char *field[FIELDS];
    status[strcspn(status, "\n")] = 0;
    for (int i = FIELDS - 1; i >= 0; i--)
        field[i] = last_word(status);
    printf("%5s %6s %-8s %10llu %s\n", field[PID], field[PARENT], field[STATE],
           strtoull(field[UTIME], NULL, 10) / 1000000, status);
}

/* A process may end between the listing and the reading: then it is not shown. */
static void show_process(const char *pid)
{
    char path[TARRY_NAME_MAX + 32], status[512];
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return;
    ssize_t n = read(fd, status, sizeof status - 1);
    if (n > 0) {
        status[n] = 0;
        show(status);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    if (help_asked(argc, argv, help))
        return 0;
    if (argc > 1)
        usage(help);
    DIR *d = opendir("/proc");
    if (!d) {
        complain("/proc");
        return 1;
    }
    printf("%5s %6s %-8s %10s %s\n", "PID", "PARENT", "STATE", "TIME_MS", "NAME");
    for (struct dirent *e; (e = readdir(d));)
        show_process(e->d_name);
    closedir(d);
    return finish_output(0);
}
