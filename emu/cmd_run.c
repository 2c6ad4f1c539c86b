/* SPDX-License-Identifier: GPL-2.0-only */
/* `tarry run` and `tarry shell`: from the command line to a finished trace. */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "paths.h"
#include "run_image.h"
#include "run_options.h"
#include "say.h"
#include "session.h"

#define BOOTARGS_MAX 60000

struct run {
    struct run_options o;
    struct run_image disk;
    char kernel[PATH_MAX];
    char kernel_hash[HASH_HEX];
    char *bootargs;
    char command[BOOTARGS_MAX];
};

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
    char word[64];
    bool ok = r->bootargs != NULL;
    for (unsigned i = 0; ok && io_options_bootarg(&r->o.io, i, word, sizeof word); i++)
        ok = bootarg(r->bootargs, word);
    snprintf(word, sizeof word, "pagetable=%s", r->o.common.pagetable ? r->o.common.pagetable : "");
    ok = ok && (!r->o.common.pagetable || bootarg(r->bootargs, word));
    ok = ok && (debug_terminal(&r->o.common.debug) || bootarg(r->bootargs, "console=plain")) && bootarg(r->bootargs, "--") &&
              bootarg(r->bootargs, r->disk.program);
    for (int i = 1; ok && i < r->o.nprogram; i++)
        ok = bootarg(r->bootargs, r->o.program[i]);
    if (!ok)
        say("the program's arguments are longer than %d bytes; put them into a file and give that with --input",
            BOOTARGS_MAX);
    return ok;
}

static struct run_facts facts_of(const struct run *r)
{
    static char arguments[BOOTARGS_MAX], config[256 + DISK_FAULT_TEXT + TLB_TEXT];
    for (int i = 1; i < r->o.nprogram; i++)
        append_word(arguments, sizeof arguments, r->o.program[i]);
    int n = snprintf(config, sizeof config, "max-insns=%llu keep=%d console=%s",
                     (unsigned long long)r->o.common.max_insns, r->o.keep, debug_terminal(&r->o.common.debug) ? "terminal" : "plain");
    char word[64];
    for (unsigned i = 1; io_options_bootarg(&r->o.io, i, word, sizeof word); i++) /* 0: column io */
        n += snprintf(config + n, sizeof config - (size_t)n, " %s", word);
    common_config(&r->o.common, config, sizeof config);
    return (struct run_facts){
        .command = r->command,
        .program = r->disk.program,
        .arguments = arguments,
        .io = r->o.io.policy,
        .disk_model = r->o.common.disk_name,
        .config = config,
        .image_hash = r->disk.hash,
        .kernel_hash = r->kernel_hash,
        .inputs = r->disk.inputs ? r->disk.inputs : "",
        .ram_bytes = r->o.common.ram_bytes,
        .choice = &r->o.common.trace,
    };
}

static int load_kernel(struct machine *m, void *arg, char *err, size_t errlen)
{
    const struct run *r = arg;
    return machine_load_kernel(m, r->kernel, err, errlen);
}

static int run_session(struct run *r, bool shell)
{
    struct session s = common_session(&r->o.common);
    s.facts = facts_of(r);
    s.config.bootargs = r->bootargs;
    s.config.disks[0] = r->disk.image;
    s.keys_to_guest = shell;
    s.load = load_kernel;
    s.booted = r->kernel;
    s.arg = r;
    return session_run(&s);
}

static int run_with(struct run *r, bool shell)
{
    char err[512];
    if (!find_shipped("kernel.elf", r->kernel, sizeof r->kernel, err, sizeof err) ||
        !hash_file(r->kernel, r->kernel_hash)) {
        say("%s", err);
        return STATUS_MISUSE;
    }
    if (debug_planned())
        r->o.keep = false; /* a look at the past changes nothing */
    if (!run_image_open(&r->o, &r->disk))
        return STATUS_MISUSE;
    int status = make_bootargs(r) ? run_session(r, shell) : STATUS_MISUSE;
    run_image_close(&r->disk);
    free(r->bootargs);
    return status;
}

static int run_command(int argc, char **argv, bool shell)
{
    static struct run r;
    memset(&r, 0, sizeof r);
    append_word(r.command, sizeof r.command, "tarry"); /* before parsing divides the arguments */
    for (int i = 0; i < argc; i++)
        append_word(r.command, sizeof r.command, argv[i]);
    int status = run_options_parse(argv[0], argc, argv, &r.o);
    return status >= 0 ? status : run_with(&r, shell);
}

int cmd_run(int argc, char **argv)
{
    return run_command(argc, argv, false);
}

int cmd_shell(int argc, char **argv)
{
    return run_command(argc, argv, true);
}
