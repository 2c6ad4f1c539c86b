/* SPDX-License-Identifier: GPL-2.0-only */
/* One run of a machine for the command line: trace, machine, signals, console, exit status. */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

#include "annotate.h"
#include "console.h"
#include "debug/debug.h"
#include "input.h"
#include "say.h"
#include "terminal.h"

static struct machine *volatile interruptible;
static volatile sig_atomic_t out_of_time;

static void on_signal(int sig)
{
    if (sig == SIGALRM)
        out_of_time = 1;
    if (interruptible)
        machine_interrupt(interruptible);
}

static uint64_t host_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void set_alarm(uint64_t seconds)
{
    struct itimerval t = {.it_value.tv_sec = (time_t)seconds};
    setitimer(ITIMER_REAL, &t, NULL);
}

/* The machine runs with the user's signals and the user's clock on it. Returns the host time it took. */
static uint64_t run(const struct session *s, struct machine *m, struct machine_result *res)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGALRM};
    enum { NSIGNALS = sizeof signals / sizeof signals[0] };
    struct sigaction act = {.sa_handler = on_signal}, old[NSIGNALS];
    if (!s->debug.event)
        terminal_raw(s->keys_to_guest);
    out_of_time = 0;
    interruptible = m;
    for (int i = 0; i < NSIGNALS; i++)
        sigaction(signals[i], &act, &old[i]);
    signal(SIGPIPE, SIG_IGN); /* a reader of the console that goes away ends the run, not the trace */
    set_alarm(s->timeout_seconds);
    uint64_t begin = host_now_ns();
    if (s->debug.gdb)
        debug_run(m, &s->debug, res);
    else
        machine_run(m, res);
    console_note_stop(m);
    uint64_t took = host_now_ns() - begin;
    set_alarm(0);
    interruptible = NULL;
    for (int i = 0; i < NSIGNALS; i++)
        sigaction(signals[i], &old[i], NULL);
    terminal_restore();
    return took;
}

static bool timed_out(const struct machine_result *res)
{
    return res->stop == STOP_INTERRUPTED && out_of_time;
}

static int status_of(const struct session *s, const struct machine_result *res)
{
    switch (res->stop) {
    case STOP_EXIT:
        if (*res->message)
            say("%s", res->message);
        return res->status;
    case STOP_LIMIT:
        say("stopped after %llu instructions (--max-insns)", (unsigned long long)res->instructions);
        return STATUS_LIMIT;
    case STOP_POWER:
        say("%s (--disk-fault)", res->message);
        return STATUS_LIMIT;
    case STOP_INTERRUPTED:
        if (timed_out(res)) {
            say("stopped after %llu s (--timeout)", (unsigned long long)s->timeout_seconds);
            return STATUS_LIMIT;
        }
        say("interrupted");
        return STATUS_INTERRUPTED;
    case STOP_RESET:
        say("the guest asked for a reboot; the run ends here");
        return STATUS_STOPPED;
    default:
        say("the machine stopped: %s", res->message);
        return STATUS_STOPPED;
    }
}

static const char *stop_name(const struct machine_result *res)
{
    static const char *const names[] = {
        [STOP_NONE] = "none",   [STOP_EXIT] = "exit",   [STOP_RESET] = "reset", [STOP_LIMIT] = "limit",
        [STOP_INTERRUPTED] = "interrupted", [STOP_POWER] = "power", [STOP_HUNG] = "hung", [STOP_ERROR] = "error",
    };
    return timed_out(res) ? "timeout" : names[res->stop];
}

/* Closes the trace. A trace that could not be kept is the one thing worth saying. */
static int finish(const struct session *s, const struct machine *m, const struct machine_result *res, uint64_t host_ns)
{
    char err[512], unmatched[512];
    bool none = recorder_unmatched(s->config.recorder, unmatched, sizeof unmatched);
    struct code code = {0};
    if (s->db)
        code = annotate(m, s->booted, s->config.disks[0]);
    struct run_result result = {
        .instructions = res->instructions,
        .virtual_ns = res->virtual_ns,
        .host_ns = host_ns,
        .exit_status = res->stop == STOP_EXIT ? res->status : -1,
        .stop_reason = stop_name(res),
        .code = s->db ? &code : NULL,
    };
    int bad = recorder_close(s->config.recorder, &result, err, sizeof err);
    annotate_free(&code);
    if (!bad) {
        if (none)
            say("%s", unmatched);
        return status_of(s, res);
    }
    say("%s", err);
    return STATUS_MISUSE;
}

static int run_and_finish(const struct session *s, struct machine *m)
{
    char err[512];
    struct machine_result res = {0};
    uint64_t host_ns = run(s, m, &res);
    machine_tlb_report(m);
    machine_access_finish(m);
    int status = finish(s, m, &res, host_ns);
    if (s->debug.record && recording_save(s->debug.record, s->config.input, &s->facts, err, sizeof err) != 0) {
        say("%s", err);
        return STATUS_MISUSE;
    }
    if (s->after && !s->debug.event && s->after(m, &res, s->arg, err, sizeof err) != 0) {
        say("%s", err);
        return STATUS_MISUSE;
    }
    return status;
}

/* The log of the console's input, if this run needs one. False after a message. */
static bool open_log(struct session *s)
{
    char err[512];
    const struct debug_options *o = &s->debug;
    if (o->recording) {
        s->config.input = o->recording->log;
        if (recording_fits(o->recording, &s->facts, err, sizeof err) == 0)
            return true;
    } else if (!o->record && !o->gdb) {
        return true;
    } else {
        s->config.input = input_new(debug_terminal(o));
        if (s->config.input)
            return true;
        snprintf(err, sizeof err, "the host is out of memory");
    }
    say("%s", err);
    return false;
}

static int run_all(struct session *s)
{
    char err[512];
    s->config.recorder = recorder_open(s->db, &s->facts, err, sizeof err);
    if (!s->config.recorder) {
        say("%s", err);
        return STATUS_MISUSE;
    }
    int status = STATUS_MISUSE;
    if (!s->db)
        s->config.access = NULL;
    struct machine *m = machine_new(&s->config, err, sizeof err);
    if (m && s->load(m, s->arg, err, sizeof err) == 0) {
        status = run_and_finish(s, m);
    } else {
        say("%s", err);
        recorder_close(s->config.recorder, NULL, err, sizeof err); /* as if it had never been opened */
    }
    machine_free(m);
    return status;
}

int session_run(struct session *s)
{
    if (debug_planned()) {
        s->debug = *debug_planned();
        s->config.console_in = s->config.console_out = -1;
    }
    if (s->debug.gdb)
        s->db = NULL; /* the past would be recorded more than once: docs/debugger.md */
    int status = open_log(s) ? run_all(s) : STATUS_MISUSE;
    input_free(s->config.input);
    recording_free(s->debug.recording);
    return status;
}
