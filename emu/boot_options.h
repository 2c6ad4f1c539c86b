/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user asked of `tarry boot`. */
#ifndef TARRY_BOOT_OPTIONS_H
#define TARRY_BOOT_OPTIONS_H

#include <limits.h>

#include "../fs/host/image.h"
#include "boot.h"
#include "common_options.h"

struct boot_disk {
    char path[PATH_MAX];
    enum image_mode mode;
};

struct boot_options {
    struct common_options common;
    struct boot boot;
    const char *bios;      /* --bios as typed; NULL: not given */
    const char *syscalls;  /* --syscalls as typed; NULL: not given */
    const char *append;    /* boot arguments; NULL: none */
    const char *signature; /* file that takes what lies between begin_signature and end_signature */
    struct boot_disk disks[MACHINE_DISKS];
    unsigned ndisks;
};

/* Parses. Returns -1 if all is well, else the exit status after help (0) or after a message (2). */
int boot_options_parse(int argc, char **argv, struct boot_options *);

#endif
