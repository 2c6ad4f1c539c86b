/* SPDX-License-Identifier: GPL-2.0-only */
/* `tarry export`: a trace in the formats of other tools. */
#ifndef TARRY_EXPORT_H
#define TARRY_EXPORT_H

/* The command; argv[0] is "export". Returns the exit status: 0, or 2 with one line on stderr. */
int cmd_export(int argc, char **argv);

#endif
