/* SPDX-License-Identifier: GPL-2.0-only */
/* usertests: exec. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "usertests.h"

/* Run as `usertests @args N TOTAL ...`: are there N arguments of TOTAL bytes? */
int check_arguments(int argc, char **argv)
{
    long total = 0;
    for (int i = 4; i < argc; i++)
        total += (long)strlen(argv[i]) + 1;
    if (argv[argc] != NULL || argc - 4 != atoi(argv[2]) || total != atol(argv[3]))
        return 1;
    return argc > 6 &&
           (strcmp(argv[4], "two words") != 0 || strcmp(argv[5], "") != 0 || strcmp(argv[6], "\"quoted\"\n\\") != 0);
}

static void exec_self(void *argv)
{
    exec("/bin/usertests", argv);
    exits("exec failed");
}

void exec_arguments(void)
{
    char *small[] = {"usertests", "@args", "3", "22", "two words", "", "\"quoted\"\n\\", NULL};
    CHECK_IS(strcmp(in_child(exec_self, small), ""), 0);
    char *none[] = {"usertests", "@args", "0", "0", NULL};
    CHECK_IS(strcmp(in_child(exec_self, none), ""), 0);
    memset(big, 'x', 60000);
    big[59999] = 0;
    char *large[] = {"usertests", "@args", "1", "60000", big, NULL};
    CHECK_IS(strcmp(in_child(exec_self, large), ""), 0);
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = 0;
    char *excess[] = {"usertests", big, NULL};
    CHECK_IS(exec("/bin/usertests", excess), -1);
    CHECK_IS(errno, E2BIG);
}

void exec_failures(void) { /* the process lives on, whole */
    char *argv[] = {"x", NULL};
    static char elf[8192];
    CHECK_IS(exec("/bin/nothing", argv), -1);
    CHECK_IS(errno, ENOENT);
    close(make_file("text", 1, 6000));
    CHECK_IS(chmod("text", 0755), 0);
    CHECK_IS(exec("text", argv), -1);
    CHECK_IS(errno, ENOEXEC);
    close(make_file("empty", 1, 0));
    CHECK_IS(chmod("empty", 0755), 0);
    CHECK_IS(exec("empty", argv), -1);
    CHECK_IS(errno, ENOEXEC);
    CHECK_IS(exec("/bin", argv), -1);
    int fd = open("/bin/true", O_RDONLY);
    CHECK(fd >= 0);
    ssize_t n = read(fd, elf, 400);
    CHECK_IS(n, 400);
    fd = open("cut", O_RDWR | O_CREAT, 0755); /* an ELF whose segments end beyond the file */
    CHECK_IS(write(fd, elf, 400), 400);
    CHECK_IS(exec("cut", argv), -1);
    CHECK_IS(errno, ENOEXEC);
    static const uint8_t vital[] = {0, 1, 3, 4, 5, 18, 39, 54, 57}; /* magic, class, order, machine, e_phoff, sizes */
    for (size_t i = 0; i < sizeof vital; i++) {
        elf[vital[i]] ^= 0x25;
        CHECK_IS(pwrite(fd, elf, 400, 0), 400);
        CHECK_IS(exec("cut", argv), -1);
        CHECK_IS(errno, ENOEXEC);
        elf[vital[i]] ^= 0x25;
    }
}

void exec_keeps_descriptors(void)
{
    int fds[2];
    char buf[8];
    CHECK_IS(pipe(fds), 0);
    if (fork() == 0) {
        char *argv[] = {"echo", "-n", "through", NULL};
        dup2(fds[1], 1);
        execv("/bin/echo", argv);
        exits("exec failed");
    }
    close(fds[1]);
    CHECK_IS(read(fds[0], buf, sizeof buf), 7);
    CHECK(memcmp(buf, "through", 7) == 0);
    wait(NULL);
}
