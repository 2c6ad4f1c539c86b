/* SPDX-License-Identifier: GPL-2.0-only */
/* Naming a file by its contents, so that a run can say what it ran on. */
#ifndef TARRY_HASH_H
#define TARRY_HASH_H

#include <stdbool.h>

#define HASH_HEX 33 /* characters with the NUL */

/*
 * XXH3 (128 bits) of the file's length and of its non-zero 64 KiB pieces with their offsets: holes cost nothing and equal
 * contents give equal hashes however the holes lie. False, with errno, if it can't be read.
 */
bool hash_file(const char *path, char hex[HASH_HEX]);

#endif
