/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * forkbomb: makes processes until the kernel refuses, lets them go, waits for all, and sees that one more can be made
 * then. The number depends on the machine's memory and is not printed.
 */
#include <errno.h>
#include <unistd.h>
#include "tarry.h"

enum { MOST = 100000 };

/* Children live until the parent closes its end of the pipe. */
static void child(int fds[2])
{
    char c;
    close(fds[1]);
    read(fds[0], &c, 1);
    exits("");
}

static int fork_until_refused(int fds[2])
{
    int n = 0;
    for (; n < MOST; n++) {
        int pid = rfork(RFPROC | RFFDG);
        if (pid == 0)
            child(fds);
        if (pid < 0)
            break;
    }
    return n;
}

int main(void)
{
    struct waitmsg w;
    int fds[2], waited = 0;
    if (pipe(fds) < 0) {
        complain("pipe");
        return 1;
    }
    int n = fork_until_refused(fds);
    int why = errno;
    if (n == MOST || n == 0 || (why != EAGAIN && why != ENOMEM)) {
        complain(n ? "not refused as it should be" : "fork");
        return 1;
    }
    close(fds[1]);
    while (await(&w) > 0)
        waited++;
    int pid = rfork(RFPROC | RFFDG);
    if (pid == 0)
        exits("");
    if (waited != n || pid < 0 || await(&w) != pid) {
        complain_of("afterwards", waited != n ? "children are missing" : "fork fails still");
        return 1;
    }
    return write_all(1, "forkbomb: refused, and over\n", 28) < 0;
}
