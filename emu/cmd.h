/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of `tarry`. Each takes its own argument vector (argv[0] is the
 * command's name) and returns the exit status: 2 for misuse or unusable input.
 */
#ifndef TARRY_CMD_H
#define TARRY_CMD_H

int cmd_run(int argc, char **argv);
int cmd_shell(int argc, char **argv);
int cmd_boot(int argc, char **argv);
int cmd_goto(int argc, char **argv);

#endif
