/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boots an ELF on a bare machine, in supervisor mode under the SBI or (-M) in machine mode:
 * run_elf [-M] [-d IMAGE]... [-m MIB] [-a BOOTARGS] [-l MAX_INSNS] [-t MODEL] [-i] [-q] [-s N] ELF. Console on stdin (-i) and stdout; how it ended goes to stderr
 * (not with -q). Exits with the guest's status. -s N: step by step; N > 0: with runs of up to N instructions in between.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "emu/machine_priv.h"
#include "fs/host/image.h"

static int die(const char *message)
{
    fprintf(stderr, "run_elf: %s\n", message);
    return 2;
}

static void report(const struct machine_result *r)
{
    static const char *const names[] = {"none", "exit", "reset", "limit", "interrupted", "power", "hung", "error"};
    fprintf(stderr, "stop=%s status=%d instructions=%llu virtual_ns=%llu %s\n", names[r->stop], r->status,
            (unsigned long long)r->instructions, (unsigned long long)r->virtual_ns, r->message);
}

/* Steps, and every now and then runs on; a fixed sequence. */
static void run_by_steps(struct machine *m, uint64_t n, struct machine_result *r)
{
    uint64_t random = 1;
    do {
        random = random * 6364136223846793005u + 1442695040888963407u;
        if (n && (random >> 33) % 16 == 0)
            machine_run_for(m, (random >> 40) % n + 1, r);
        else
            machine_step(m, r);
    } while (r->stop == STOP_NONE);
}

int main(int argc, char **argv)
{
    char err[512];
    struct machine_config config = {.ram_bytes = 128 << 20, .console_in = -1, .console_out = 1};
    unsigned ndisks = 0;
    bool machine_mode = false;
    int quiet = 0, steps = 0;
    uint64_t runs = 0;
    disk_model_parse("nvme", &config.disk_model, err, sizeof err);
    for (int c; (c = getopt(argc, argv, "d:m:a:l:t:iqs:M")) != -1;) {
        if (c == 'm')
            config.ram_bytes = strtoull(optarg, NULL, 0) << 20;
        else if (c == 'a')
            config.bootargs = optarg;
        else if (c == 'l')
            config.max_insns = strtoull(optarg, NULL, 0);
        else if (c == 'i')
            config.console_in = 0;
        else if (c == 'M')
            machine_mode = true;
        else if (c == 'q')
            quiet = 1;
        else if (c == 's')
            steps = 1, runs = strtoull(optarg, NULL, 0);
        else if (c == 't' && disk_model_parse(optarg, &config.disk_model, err, sizeof err) == 0)
            continue;
        else if (c == 'd' && ndisks < MACHINE_DISKS &&
                 (config.disks[ndisks] = image_open(optarg, IMAGE_PRIVATE, err, sizeof err)))
            ndisks++;
        else
            return die(c == '?' ? "usage: run_elf [-d IMAGE] [-m MIB] [-a ARGS] [-l INSNS] [-t MODEL] [-s N] [-iq] ELF" : err);
    }
    if (optind + 1 != argc)
        return die("no ELF given");
    struct machine *m = machine_new(&config, err, sizeof err);
    if (!m || machine_load_kernel(m, argv[optind], err, sizeof err) != 0)
        return die(err);
    if (machine_mode)
        hart_enter(&m->hart, MMU_MACHINE, m->hart.pc, hart_reg(&m->hart, UC_RISCV_REG_A1));
    struct machine_result r;
    if (steps)
        run_by_steps(m, runs, &r);
    else
        machine_run(m, &r);
    if (!quiet)
        report(&r);
    machine_free(m);
    for (unsigned i = 0; i < ndisks; i++)
        image_close(config.disks[i]);
    return r.stop == STOP_EXIT || r.stop == STOP_RESET ? r.status : 3;
}
