/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual table, private to the writer's connection, that shows the records
 * of one kind in the slice of the ring being written: `INSERT INTO fault SELECT ... FROM
 * slice` moves thousands of rows in one statement. The schema of the file does not
 * know of it.
 */
#ifndef TARRY_SLICE_H
#define TARRY_SLICE_H

#include "store.h"

/* Columns c0, c1, ... are the words of a record. Returns an SQLite result code. */
int slice_register(struct store *);

#endif
