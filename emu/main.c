/* SPDX-License-Identifier: GPL-2.0-only */
/* tarry: finds the command and runs it. */
#include <stdio.h>
#include <string.h>

#include "../fs/host/hostfs.h"
#include "../traces/compare.h"
#include "../traces/export.h"
#include "../traces/query.h"
#include "../traces/report/report.h"
#include "../traces/study.h"
#include "cmd.h"
#include "say.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    {"run", cmd_run, "boot the guest OS, run a program in it, record what it did"},
    {"shell", cmd_shell, "the same with an interactive shell on this terminal"},
    {"boot", cmd_boot, "boot another kernel: Linux, xv6, a test with tohost"},
    {"goto", cmd_goto, "a recorded run again, up to an event, under the debugger"},
    {"query", cmd_query, "ask a recorded run: canned queries or SQL"},
    {"compare", cmd_compare, "two recorded runs: totals with ratios, the first event where they differ"},
    {"report", cmd_report, "recorded runs as one HTML file: maps, curves, tables, the query behind each figure"},
    {"study", cmd_study, "page replacement on a recorded run: LRU, FIFO, clock, OPT by size of memory; miss-ratio curves"},
    {"export", cmd_export, "a recorded run in the formats of other tools: Perfetto, CSV, folded stacks"},
    {"fs", cmd_fs, "make, fill, read and check file-system images"},
};
#define NCOMMANDS (sizeof commands / sizeof commands[0])

static void help(FILE *to)
{
    fprintf(to, "Tarry %s: a machine, an operating system and a file system for the study of virtual memory and I/O.\n\n"
                "usage: tarry COMMAND [ARG...]\n\n",
            TARRY_VERSION);
    for (size_t i = 0; i < NCOMMANDS; i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].what);
    fprintf(to, "\n'tarry COMMAND --help' explains a command. 'tarry --version' prints the version.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return 2;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        help(stdout);
        return 0;
    }
    if (!strcmp(name, "--version")) {
        printf("tarry %s\n", TARRY_VERSION);
        return 0;
    }
    for (size_t i = 0; i < NCOMMANDS; i++)
        if (!strcmp(name, commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    say("there is no command '%s'; 'tarry --help' lists them", name);
    return 2;
}
