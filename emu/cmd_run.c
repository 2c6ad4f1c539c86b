/* SPDX-License-Identifier: GPL-2.0-only */
/* `tarry run` and `tarry shell`: from the command line to a finished trace. */
#include "cmd.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../traces/recorder.h"
#include "machine.h"
#include "paths.h"
#include "run_image.h"
#include "run_options.h"
#include "say.h"
#include "terminal.h"

enum { STATUS_MISUSE = 2, STATUS_LIMIT = 124, STATUS_STOPPED = 125, STATUS_INTERRUPTED = 130 };

#define BOOTARGS_MAX 60000

struct run {
    struct run_options o;
    struct run_image disk;
    char kernel[PATH_MAX];
    char kernel_hash[HASH_HEX];
    char *bootargs;
    struct recorder *recorder;
    struct machine *machine;
    uint64_t host_ns;
};

static struct machine *volatile interruptible;

static void on_signal(int sig)
{
    (void)sig;
    if (interruptible)
        machine_interrupt(interruptible);
}

static uint64_t host_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Appends a word to the boot arguments, percent-encoded (an empty one as %00). False when it does not fit. */
static bool bootarg(char *buf, const char *word)
{
    size_t at = strlen(buf);
    if (at)
        buf[at++] = ' ';
    if (!*word && at + 4 < BOOTARGS_MAX)
        at += (size_t)sprintf(buf + at, "%%00");
    for (; *word; word++) {
        unsigned char c = (unsigned char)*word;
        if (at + 4 >= BOOTARGS_MAX)
            return false;
        if (c <= ' ' || c >= 0x7f || c == '%')
            at += (size_t)sprintf(buf + at, "%%%02X", c);
        else
            buf[at++] = (char)c;
    }
    buf[at] = '\0';
    return true;
}

static bool make_bootargs(struct run *r)
{
    r->bootargs = calloc(1, BOOTARGS_MAX);
    char io[64];
    snprintf(io, sizeof io, "io=%s", r->o.io);
    bool ok = r->bootargs && bootarg(r->bootargs, io) &&
              (isatty(STDIN_FILENO) || bootarg(r->bootargs, "console=plain")) && bootarg(r->bootargs, "--") &&
              bootarg(r->bootargs, r->disk.program);
    for (int i = 1; ok && i < r->o.nprogram; i++)
        ok = bootarg(r->bootargs, r->o.program[i]);
    if (!ok)
        say("the program's arguments are longer than %d bytes; put them into a file and give that with --input",
            BOOTARGS_MAX);
    return ok;
}

static bool open_recorder(struct run *r, int argc, char **argv)
{
    static char command[BOOTARGS_MAX], arguments[BOOTARGS_MAX], config[256];
    char err[512];
    append_word(command, sizeof command, "tarry");
    for (int i = 0; i < argc; i++)
        append_word(command, sizeof command, argv[i]);
    for (int i = 1; i < r->o.nprogram; i++)
        append_word(arguments, sizeof arguments, r->o.program[i]);
    snprintf(config, sizeof config, "max-insns=%llu keep=%d console=%s", (unsigned long long)r->o.max_insns,
             r->o.keep, isatty(STDIN_FILENO) ? "terminal" : "plain");
    struct run_facts facts = {
        .command = command,
        .program = r->disk.program,
        .arguments = arguments,
        .io = r->o.io,
        .disk_model = r->o.disk_name,
        .config = config,
        .image_hash = r->disk.hash,
        .kernel_hash = r->kernel_hash,
        .inputs = r->disk.inputs ? r->disk.inputs : "",
        .ram_bytes = r->o.ram_bytes,
    };
    r->recorder = recorder_open(r->o.db, &facts, err, sizeof err);
    if (!r->recorder)
        say("%s", err);
    return r->recorder != NULL;
}

static bool make_machine(struct run *r)
{
    char err[512];
    struct machine_config c = {
        .ram_bytes = r->o.ram_bytes,
        .bootargs = r->bootargs,
        .disks = {r->disk.image},
        .disk_model = r->o.disk_model,
        .console_in = STDIN_FILENO,
        .console_out = STDOUT_FILENO,
        .max_insns = r->o.max_insns,
        .recorder = r->recorder,
    };
    r->machine = machine_new(&c, err, sizeof err);
    if (r->machine && machine_load_kernel(r->machine, r->kernel, err, sizeof err) == 0)
        return true;
    say("%s", err);
    return false;
}

static int status_of(const struct machine_result *res)
{
    switch (res->stop) {
    case STOP_EXIT:
        return res->status;
    case STOP_LIMIT:
        say("stopped after %llu instructions (--max-insns)", (unsigned long long)res->instructions);
        return STATUS_LIMIT;
    case STOP_INTERRUPTED:
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

static const char *stop_name(enum machine_stop s)
{
    static const char *const names[] = {
        [STOP_NONE] = "none",   [STOP_EXIT] = "exit",   [STOP_RESET] = "reset", [STOP_LIMIT] = "limit",
        [STOP_INTERRUPTED] = "interrupted", [STOP_HUNG] = "hung", [STOP_ERROR] = "error",
    };
    return names[s];
}

/* Closes the trace. A trace that could not be kept is the one thing worth saying. */
static int finish(struct run *r, const struct machine_result *res)
{
    char err[512];
    struct run_result result = {
        .instructions = res->instructions,
        .virtual_ns = res->virtual_ns,
        .host_ns = r->host_ns,
        .exit_status = res->stop == STOP_EXIT ? res->status : -1,
        .stop_reason = stop_name(res->stop),
    };
    if (recorder_close(r->recorder, &result, err, sizeof err) == 0)
        return status_of(res);
    say("%s", err);
    return STATUS_MISUSE;
}

static int run_machine(struct run *r, bool shell)
{
    struct machine_result res = {0};
    terminal_raw(shell);
    interruptible = r->machine;
    struct sigaction act = {.sa_handler = on_signal}, old_int, old_term;
    sigaction(SIGINT, &act, &old_int);
    sigaction(SIGTERM, &act, &old_term);
    signal(SIGPIPE, SIG_IGN); /* a reader of the console that goes away ends the run, not the trace */
    uint64_t begin = host_now_ns();
    machine_run(r->machine, &res);
    r->host_ns = host_now_ns() - begin;
    interruptible = NULL;
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    terminal_restore();
    return finish(r, &res);
}

static int run_with(struct run *r, int argc, char **argv, bool shell)
{
    char err[512];
    if (!find_shipped("kernel.elf", r->kernel, sizeof r->kernel, err, sizeof err) ||
        !hash_file(r->kernel, r->kernel_hash)) {
        say("%s", err);
        return STATUS_MISUSE;
    }
    if (!run_image_open(&r->o, &r->disk))
        return STATUS_MISUSE;
    int status = STATUS_MISUSE;
    if (make_bootargs(r) && open_recorder(r, argc, argv)) {
        if (make_machine(r))
            status = run_machine(r, shell);
        else
            recorder_close(r->recorder, NULL, err, sizeof err); /* as if it had never been opened */
    }
    if (r->machine)
        machine_free(r->machine);
    run_image_close(&r->disk);
    free(r->bootargs);
    return status;
}

static int run_command(int argc, char **argv, bool shell)
{
    struct run r;
    memset(&r, 0, sizeof r);
    int status = run_options_parse(argv[0], argc, argv, &r.o);
    return status >= 0 ? status : run_with(&r, argc, argv, shell);
}

int cmd_run(int argc, char **argv)
{
    return run_command(argc, argv, false);
}

int cmd_shell(int argc, char **argv)
{
    return run_command(argc, argv, true);
}
