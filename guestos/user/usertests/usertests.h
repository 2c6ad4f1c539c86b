/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests of usertests, which main.c runs, and what they share. */
#ifndef USERTESTS_H
#define USERTESTS_H

#include "tarry.h"
#include "testing.h"

#define PAGE ((size_t)TARRY_PAGE)

extern char big[65536]; /* for whoever needs many bytes */

/* The program that exec_arguments runs: are the arguments what they must be? Its status. */
int check_arguments(int argc, char **argv);

/* ---- files.c ---- */
void files(void);
void open_modes(void);
void large_file(void);
void holes(void);
void stats(void);
void renames(void);
void directories(void);
void long_names(void);
void devices(void);
void proc_files(void);
void permissions(void);
void space(void);
void descriptors(void);

/* ---- processes.c ---- */
void statuses(void);
void many_children(void);
void fork_often(void);
void tree_of_children(void);
void not_awaited(void);
void copy_on_write(void);
void shared_descriptors(void);
void kills(void);
void preemption(void);
void time_passes(void);
void floating_point(void);
void pipes(void);
void closed_pipe(void);

/* ---- exec.c ---- */
void exec_arguments(void);
void exec_failures(void);
void exec_keeps_descriptors(void);

/* ---- memory.c ---- */
void heap(void);
void mallocs(void);
void stack_grows(void);
void segments(void);
void segments_protect(void);
void segments_shared(void);
void huge_segment(void);

/* ---- library.c ---- */
void c_library(void);
void standard_io(void);
void errors(void);

#endif
