/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the kernel and the guest's image are found. */
#ifndef TARRY_PATHS_H
#define TARRY_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Finds the file `name` ("kernel.elf", "guest.img") in $TARRY_HOME if that is set, else beside the running
 * executable, else in ../share/tarry from there. False with a message naming the places and the remedy.
 */
bool find_shipped(const char *name, char *path, size_t pathlen, char *err, size_t errlen);

#endif
