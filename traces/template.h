/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Databases with the schema and nothing else in them, made when tarry is built (traces/template/make.c): to write one is a
 * hundredth of the work of executing its hundreds of statements.
 */
#ifndef TARRY_TEMPLATE_H
#define TARRY_TEMPLATE_H

#include <stddef.h>

/* A trace in write-ahead-log mode; its run is not known yet. */
extern const unsigned char template_trace[], template_trace_end[];
/* The event tables and their rising indexes with pages of 32 KiB (slice.h). */
extern const unsigned char template_slice[], template_slice_end[];

#endif
