/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a run. */
#ifndef SHUTDOWN_H
#define SHUTDOWN_H

/* All processes have ended; status is that of the first. Makes the file system durable and powers off. */
void shutdown(const char *status) __attribute__((noreturn));

#endif
