/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages of the command line, and small parsers that report through it. */
#ifndef TARRY_SAY_H
#define TARRY_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints "tarry: ..." as one line on stderr. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Parses "64M", "1G", "4096" (suffix k, M, G, T: powers of 1024) into bytes.
 * Returns false on anything else, or on overflow.
 */
bool parse_size(const char *text, uint64_t *bytes);

/* Parses a decimal number without sign. */
bool parse_count(const char *text, uint64_t *n);

/* Appends `word` to the string buf (size len), quoted for a shell if it needs it; a space before it if buf is not empty. */
void append_word(char *buf, size_t len, const char *word);

#endif
