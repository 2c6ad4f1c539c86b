/* SPDX-License-Identifier: GPL-2.0-only */
/* Notes: handlers, and sending them. tarry.h describes the functions. */
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "result.h"
#include "tarry.h"

static note_handler *handler;

/* What the kernel enters: a handler that returns leaves it to the default action. */
static void enter(struct tarry_ureg *ureg, char *note)
{
    handler(ureg, note);
    noted(NDFLT);
}

int notify(note_handler *h)
{
    if (h == NOTE_DEFAULT || h == NOTE_IGNORE)
        return (int)result(sys_notify((uintptr_t)h));
    handler = h;
    return (int)result(sys_notify((uintptr_t)enter));
}

int noted(int how)
{
    return (int)result(sys_noted(how));
}

void notejmp(struct tarry_ureg *ureg, jmp_buf env, int value)
{
    enum { A0 = 10, A1 = 11 };
    ureg->x[A0] = (uintptr_t)env;
    ureg->x[A1] = (uint64_t)value;
    ureg->pc = (uintptr_t)longjmp;
    noted(NCONT);
    __builtin_unreachable();
}

int postnote(int to, int pid, const char *note)
{
    char path[40];
    *put_text(put_number(put_text(path, "/proc/"), pid), to == NOTE_GROUP ? "/notepg" : "/note") = 0;
    long fd = sys_open(path, OWRITE);
    if (fd < 0)
        return (int)result(fd);
    long r = sys_pwrite((int)fd, note, strlen(note), -1);
    sys_close((int)fd);
    return result(r) < 0 ? -1 : 0;
}

long alarm_ms(uint64_t ms)
{
    return result(sys_alarm(ms));
}

unsigned alarm(unsigned seconds)
{
    return (unsigned)((alarm_ms(seconds * 1000ull) + 999) / 1000);
}

/* What a signal is as a note; NULL: there is none. */
static const char *note_of(int sig)
{
    switch (sig) {
    case SIGINT:
        return "interrupt";
    case SIGALRM:
        return "alarm";
    case SIGHUP:
        return "hangup";
    case SIGTERM:
        return "killed";
    }
    return NULL;
}

/* SIGKILL, and any signal without a note: the process ends, whatever it does about notes. */
int kill(pid_t pid, int sig)
{
    char path[40];
    const char *note = note_of(sig);
    if (note != NULL)
        return postnote(NOTE_PROCESS, pid, note);
    *put_text(put_number(put_text(path, "/proc/"), pid), "/ctl") = 0;
    long fd = sys_open(path, OWRITE);
    if (fd < 0)
        return (int)result(fd);
    long r = sig ? sys_pwrite((int)fd, "kill", 4, -1) : 0;
    sys_close((int)fd);
    return result(r) < 0 ? -1 : 0;
}
