/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user asked of `tarry boot`. */
#include "boot_options.h"

#include <stdio.h>
#include <string.h>

#include "say.h"

enum { OPT_INITRD = 0x300, OPT_APPEND, OPT_DISK, OPT_BIOS, OPT_DTB, OPT_TOHOST, OPT_SIGNATURE, OPT_SEED, OPT_SYSCALLS };

static void help(void)
{
    printf("usage: tarry boot [OPTION...] KERNEL\n\n"
           "Boots KERNEL on the machine (docs/machine.md) and records what it does. KERNEL is a RISC-V ELF executable or a\n"
           "Linux Image, perhaps compressed with gzip. The console is this terminal; ctrl-A x leaves.\n\n"
           "      --initrd FILE       initial RAM disk for Linux\n"
           "      --append ARGS       boot arguments (/chosen/bootargs), e.g. \"console=ttyS0\"\n"
           "      --disk IMAGE[,MODE] a virtio disk, raw format; up to 8 of them. MODE rw (default): writes go to IMAGE;\n"
           "                          ro: a read-only disk; overlay: writes are discarded at the end\n"
           "      --bios none|sbi|FILE  none: KERNEL starts in machine mode; sbi: in supervisor mode, under an SBI that\n"
           "                          tarry answers; FILE: firmware in ELF format, e.g. OpenSBI's fw_jump or fw_dynamic.\n"
           "                          Default: none for a kernel that is linked below 0x80200000, where firmware would\n"
           "                          lie (xv6, tests), else sbi (Linux)\n"
           "      --dtb FILE          device tree, in place of the machine's; memory, initrd and arguments are put in\n"
           "      --seed N            /chosen/rng-seed is made from N (0); same seed, same run\n"
           "      --syscalls WHOSE    names of system calls for the trace: linux, xv6, none, or auto (default): found out from\n"
           "                          KERNEL, an array 'syscalls' of functions sys_NAME as in xv6 and its kin included\n"
           "      --tohost            a write to the ELF symbol tohost ends the run with the status of the test\n"
           "      --signature FILE    after the run write the memory from begin_signature to end_signature to FILE,\n"
           "                          as riscv-arch-test wants it\n");
    common_help();
    printf("\nThe exit status is the one that the kernel hands to the machine: 0 for power-off, for a test the number of what\n"
           "failed (255 if it is larger). ");
    common_status_help();
    printf("\nexamples: tarry boot vmlinux --initrd initrd.gz --disk root.img --append \"console=ttyS0 root=/dev/vda\"\n"
           "          tarry boot xv6/kernel/kernel --disk xv6/fs.img,overlay --mem 128M\n"
           "          tarry boot --tohost rv64ui-p-add -o none\n");
}

static bool add_disk(struct boot_options *o, const char *arg)
{
    static const struct {
        const char *name;
        enum image_mode mode;
    } modes[] = {{",rw", IMAGE_WRITE}, {",ro", IMAGE_READ}, {",overlay", IMAGE_PRIVATE}};
    if (o->ndisks == MACHINE_DISKS) {
        say("more than %d --disk options; the machine has no more slots", MACHINE_DISKS);
        return false;
    }
    struct boot_disk *d = &o->disks[o->ndisks++];
    d->mode = IMAGE_WRITE;
    if (snprintf(d->path, sizeof d->path, "%s", arg) >= (int)sizeof d->path) {
        say("--disk %.40s...: the path is too long", arg);
        return false;
    }
    char *comma = strrchr(d->path, ',');
    for (unsigned i = 0; comma && i < sizeof modes / sizeof modes[0]; i++)
        if (!strcmp(comma, modes[i].name)) {
            d->mode = modes[i].mode;
            *comma = '\0';
            break;
        }
    return true;
}

static void take_bios(struct boot_options *o, const char *arg)
{
    o->bios = arg;
    o->boot.bios = !strcmp(arg, "none") ? BIOS_NONE : !strcmp(arg, "sbi") ? BIOS_SBI : BIOS_FILE;
    o->boot.firmware = o->boot.bios == BIOS_FILE ? arg : NULL;
}

static bool take_syscalls(struct boot_options *o, const char *arg)
{
    static const char *const whose[] = {"auto", "linux", "xv6", "none"};
    for (unsigned i = 0; i < sizeof whose / sizeof *whose; i++)
        if (!strcmp(arg, whose[i])) {
            o->syscalls = arg;
            return true;
        }
    say("--syscalls %s: needs auto, linux, xv6 or none", arg);
    return false;
}

static bool take_option(struct boot_options *o, int c, char *arg)
{
    switch (c) {
    case OPT_INITRD:
        o->boot.initrd = arg;
        return true;
    case OPT_APPEND:
        o->append = arg;
        return true;
    case OPT_DISK:
        return add_disk(o, arg);
    case OPT_BIOS:
        take_bios(o, arg);
        return true;
    case OPT_DTB:
        o->boot.dtb = arg;
        return true;
    case OPT_TOHOST:
        o->boot.tohost = true;
        return true;
    case OPT_SIGNATURE:
        o->signature = arg;
        return true;
    case OPT_SYSCALLS:
        return take_syscalls(o, arg);
    case OPT_SEED:
        if (parse_count(arg, &o->boot.seed))
            return true;
        say("--seed %s: needs a number", arg);
        return false;
    default:
        return common_take(&o->common, c, arg);
    }
}

/* Options may stand before and after the kernel. */
int boot_options_parse(int argc, char **argv, struct boot_options *o)
{
    static const struct option longs[] = {
        {"initrd", 1, 0, OPT_INITRD}, {"append", 1, 0, OPT_APPEND}, {"disk", 1, 0, OPT_DISK},
        {"bios", 1, 0, OPT_BIOS},     {"dtb", 1, 0, OPT_DTB},       {"tohost", 0, 0, OPT_TOHOST},
        {"signature", 1, 0, OPT_SIGNATURE}, {"seed", 1, 0, OPT_SEED}, {"syscalls", 1, 0, OPT_SYSCALLS},
        COMMON_LONG, {0, 0, 0, 0},
    };
    memset(o, 0, sizeof *o);
    common_defaults(&o->common);
    o->boot.has_seed = true;
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, ":" COMMON_SHORT, longs, NULL)) != -1;) {
        if (c == 'h') {
            help();
            return 0;
        }
        if (c == '?' || c == ':') {
            say("boot: %s '%s'; 'tarry boot --help' lists the options",
                c == ':' ? "a value is missing after" : "unknown or ambiguous option", argv[optind - 1]);
            return 2;
        }
        if (!take_option(o, c, optarg))
            return 2;
    }
    if (!common_done(&o->common))
        return 2;
    if (argc - optind != 1) {
        say(optind == argc ? "boot: no KERNEL given; 'tarry boot --help' explains"
                           : "boot: one KERNEL, not %d; what it is to be told goes into --append", argc - optind);
        return 2;
    }
    o->boot.kernel = argv[optind];
    return -1;
}
