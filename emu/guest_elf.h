/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a host file a program that the guest OS can run? */
#ifndef TARRY_GUEST_ELF_H
#define TARRY_GUEST_ELF_H

#include <stddef.h>

/*
 * 0 if `path` is a whole, static RV64 executable, else -1 with a message that names the file, what is wrong
 * with it and the remedy. The guest's exec checks again, and more; this is for a message before anything boots.
 */
int guest_elf_check(const char *path, char *err, size_t errlen);

#endif
