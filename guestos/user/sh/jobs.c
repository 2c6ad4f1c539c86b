/* SPDX-License-Identifier: GPL-2.0-only */
/* sh, processes: starts them, waits for them, and says which note group ctrl-C goes to. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

void foreground(long pid)
{
    char text[24];
    if (!interactive)
        return;
    int fd = open("/dev/consctl", O_WRONLY);
    if (fd < 0)
        return;
    char *end = put_number(put_text(text, "fg "), pid);
    write_all(fd, text, (size_t)(end - text));
    close(fd);
}

/* Background jobs that ended while the shell waited for another: the last few, for `wait PID`. */
enum { REMEMBERED = 32 };
static struct {
    long pid;
    char *status;
} ended[REMEMBERED];
static unsigned next_ended;

static void remember(long pid, const char *status)
{
    unsigned i = next_ended++ % REMEMBERED;
    free(ended[i].status);
    ended[i].pid = pid;
    ended[i].status = strdup(status);
}

static bool recall(long pid)
{
    for (unsigned i = 0; i < REMEMBERED; i++)
        if (ended[i].pid == pid && ended[i].status) {
            set_status(ended[i].status);
            return true;
        }
    return false;
}

void wait_for(long pid)
{
    struct waitmsg w;
    if (recall(pid))
        return;
    for (;;) {
        int r = await(&w);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0) {
            set_code(NOT_FOUND);
            return;
        }
        if (r == pid) {
            set_status(w.status);
            return;
        }
        remember(r, w.status);
    }
}

void wait_for_all(void)
{
    struct waitmsg w;
    while (await(&w) >= 0 || errno == EINTR)
        ;
    set_code(0);
}

/* The child is no shell for the user any more. */
long start(bool new_group)
{
    long pid = rfork(RFPROC | RFFDG | (new_group ? RFNOTEG : 0));
    if (pid < 0)
        complain("fork");
    if (pid == 0) {
        if (interactive)
            notify(NOTE_DEFAULT);
        interactive = false;
    }
    return pid;
}

void finish_job(long pid)
{
    if (pid < 0) {
        set_code(1);
        return;
    }
    foreground(pid);
    wait_for(pid);
    foreground(getpid());
}
