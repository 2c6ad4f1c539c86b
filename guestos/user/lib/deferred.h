/* SPDX-License-Identifier: GPL-2.0-only */
/* Which memory of this process is in deferred segments, as far as segattach and segdetach were asked for it. */
#ifndef DEFERRED_H
#define DEFERRED_H

#include <stdbool.h>
#include <stddef.h>

bool in_deferred(const void *p, size_t n); /* all of it, in one segment */
void note_attached(const void *p, size_t n);
void note_detached(const void *p); /* any address in the segment */

#endif
