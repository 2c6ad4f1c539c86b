/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user asked of `tarry run` and `tarry shell`. */
#include "run_options.h"

#include <stdio.h>
#include <string.h>

#include "say.h"

static void help(const char *name)
{
    bool run = !strcmp(name, "run");
    printf("usage: tarry %s [OPTION...]%s\n\n", name, run ? " PROGRAM [ARG...]" : "");
    printf("%s", run ? "Boots the guest OS, runs PROGRAM in it and records what happened in an SQLite database.\n"
                       "PROGRAM is a path in the guest, a name in the guest's /bin, or a RISC-V ELF on the host,\n"
                       "which is put into the guest. The exit status is the program's.\n"
                     : "Boots the guest OS with an interactive shell on this terminal.\n"
                       "ctrl-C goes to the running program; ctrl-A x leaves.\n");
    printf("\n"
           "%s"
           "      --input HOST[:GUEST]  put a host file or tree into the guest (at /in/NAME if GUEST is not given)\n"
           "      --image IMAGE       file system to boot from, in place of the one that comes with tarry\n"
           "      --keep              write changes back to IMAGE; else they are discarded\n",
           io_options_help);
    common_help();
    printf("\n");
    common_status_help();
    if (run)
        printf("\nexample:  tarry run --io deferred --input big:/in/big sparse /in/big --touch 1000\n"
               "          tarry query tarry.db summary\n");
}

static bool add_input(struct run_options *o, char *arg)
{
    if (o->ninputs == MAX_INPUTS) {
        say("more than %d --input options; put a directory instead of its files", MAX_INPUTS);
        return false;
    }
    struct run_input *in = &o->inputs[o->ninputs++];
    char *colon = strchr(arg, ':');
    if (colon)
        *colon = '\0';
    in->host = arg;
    int n;
    if (colon) {
        n = snprintf(in->guest, sizeof in->guest, "%s%s", colon[1] == '/' ? "" : "/", colon + 1);
    } else {
        const char *slash = strrchr(arg, '/');
        n = snprintf(in->guest, sizeof in->guest, "/in/%s", slash ? slash + 1 : arg);
    }
    if (!*arg || n >= (int)sizeof in->guest || in->guest[n - 1] == '/') {
        say("--input %s: needs HOST[:GUEST], both naming a file or a directory", *arg ? arg : "''");
        return false;
    }
    return true;
}

static bool take_option(struct run_options *o, int c, char *arg)
{
    bool taken, good = io_options_take(&o->io, c, arg, &taken);
    if (taken)
        return good;
    switch (c) {
    case 'i':
        return add_input(o, arg);
    case 'g':
        o->image = arg;
        return true;
    case 'k':
        o->keep = true;
        return true;
    default:
        return common_take(&o->common, c, arg);
    }
}

/* The checks that concern more than one option. */
static bool consistent(const char *name, struct run_options *o)
{
    if (o->keep && !o->image) {
        say("--keep without --image would change the image that every run starts from; copy it and name the copy");
        return false;
    }
    if (!strcmp(name, "run") && !o->nprogram) {
        say("run: no PROGRAM given; 'tarry run --help' explains, 'tarry shell' starts a shell");
        return false;
    }
    if (strcmp(name, "run") && o->nprogram) {
        say("%s takes no arguments; did you mean 'tarry run %s'?", name, o->program[0]);
        return false;
    }
    return true;
}

int run_options_parse(const char *name, int argc, char **argv, struct run_options *o)
{
    static const struct option longs[] = {
        IO_LONG, {"input", 1, 0, 'i'}, {"image", 1, 0, 'g'}, {"keep", 0, 0, 'k'}, COMMON_LONG, {0, 0, 0, 0},
    };
    memset(o, 0, sizeof *o);
    common_defaults(&o->common);
    o->common.mmu = MMU_SV39_ONLY;
    io_options_default(&o->io);
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, "+:" COMMON_SHORT, longs, NULL)) != -1;) {
        if (c == 'h') {
            help(name);
            return 0;
        }
        if (c == '?' || c == ':') {
            say("%s: %s '%s'; 'tarry %s --help' lists the options", name,
                c == ':' ? "a value is missing after" : "unknown or ambiguous option", argv[optind - 1], name);
            return 2;
        }
        if (!take_option(o, c, optarg))
            return 2;
    }
    o->program = argv + optind;
    o->nprogram = argc - optind;
    return common_done(&o->common) && consistent(name, o) ? -1 : 2;
}
