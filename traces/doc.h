/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints docs/trace-tables.md, the reference of a trace's tables, from the catalogue. */
#ifndef TARRY_DOC_H
#define TARRY_DOC_H

void doc_print(void);

#endif
