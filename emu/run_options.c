/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user asked of `tarry run` and `tarry shell`. */
#include "run_options.h"

#include <getopt.h>
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
           "  -o, --output DB         where the trace goes (tarry.db)\n"
           "      --io POLICY         reads into deferred segments: deferred (default) or eager\n"
           "      --mem SIZE          memory of the machine, 8M to 64G (256M)\n"
           "      --disk-model M      none, nvme (default), ssd, hdd, or ACCESS,SEEK,SECTOR,FLUSH in ns\n"
           "      --input HOST[:GUEST]  put a host file or tree into the guest (at /in/NAME if GUEST is not given)\n"
           "      --image IMAGE       file system to boot from, in place of the one that comes with tarry\n"
           "      --keep              write changes back to IMAGE; else they are discarded\n"
           "      --max-insns N       stop after N instructions\n"
           "      --trace all|none    record everything (default) or nothing\n"
           "  -h, --help\n\n"
           "Sizes take k, M, G, T. If the run does not end by itself the status is 124 (limit), 125 (the machine\n"
           "could not go on), or 130 (interrupted); 2 is misuse or unusable input.\n");
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

static bool take_memory(struct run_options *o, const char *arg)
{
    if (parse_size(arg, &o->ram_bytes) && o->ram_bytes >= 8u << 20 && o->ram_bytes <= 64ull << 30 &&
        o->ram_bytes % 4096 == 0)
        return true;
    say("--mem %s: needs a size from 8M to 64G, a multiple of 4k", arg);
    return false;
}

static bool take_option(struct run_options *o, int c, char *arg)
{
    char err[256];
    switch (c) {
    case 'o':
        o->db = arg;
        return true;
    case 'p':
        if (strcmp(arg, "eager") && strcmp(arg, "deferred")) {
            say("--io %s: the policies are eager and deferred", arg);
            return false;
        }
        o->io = arg;
        return true;
    case 'm':
        return take_memory(o, arg);
    case 'd':
        o->disk_name = arg;
        if (disk_model_parse(arg, &o->disk_model, err, sizeof err) == 0)
            return true;
        say("--disk-model %s: %s", arg, err);
        return false;
    case 'i':
        return add_input(o, arg);
    case 'g':
        o->image = arg;
        return true;
    case 'k':
        o->keep = true;
        return true;
    case 'n':
        if (parse_count(arg, &o->max_insns) && o->max_insns)
            return true;
        say("--max-insns %s: needs a number above 0", arg);
        return false;
    case 't':
        o->trace = !strcmp(arg, "all");
        if (o->trace || !strcmp(arg, "none"))
            return true;
        say("--trace %s: needs all or none", arg);
        return false;
    default:
        return false;
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
        {"output", 1, 0, 'o'}, {"io", 1, 0, 'p'},        {"mem", 1, 0, 'm'},   {"disk-model", 1, 0, 'd'},
        {"input", 1, 0, 'i'},  {"image", 1, 0, 'g'},     {"keep", 0, 0, 'k'},  {"max-insns", 1, 0, 'n'},
        {"trace", 1, 0, 't'},  {"help", 0, 0, 'h'},      {0, 0, 0, 0},
    };
    char err[256];
    memset(o, 0, sizeof *o);
    o->db = "tarry.db";
    o->io = "deferred";
    o->ram_bytes = 256u << 20;
    o->disk_name = "nvme";
    o->trace = true;
    disk_model_parse(o->disk_name, &o->disk_model, err, sizeof err);
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, "+:o:h", longs, NULL)) != -1;) {
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
    if (!o->trace)
        o->db = NULL;
    return consistent(name, o) ? -1 : 2;
}
