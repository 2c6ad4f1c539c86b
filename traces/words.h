/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls in words: the SQL of view syscall_words, made from the guest's own list of its calls (abi.h). */
#ifndef TARRY_WORDS_H
#define TARRY_WORDS_H

#include <sqlite3.h>

/* Appends the SELECT. */
void words_select(sqlite3_str *);
/* The same of other kernels' calls, view ecall_words: by what tables ecall_name and ecall_error know. */
void words_ecalls(sqlite3_str *);

#endif
