/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's end of the trace port (traces/events.h). Without a port (QEMU) every
 * call returns 0 and does nothing.
 *
 *     uint64_t id = TRACE(fault, .va = va, .access = EV_access_write, .segment = s->id);
 *     ENDTRACE(fault, id, .resolution = EV_resolution_zeroed);
 *
 * TRACE takes proc, pc and cause from the running process: cause is the innermost
 * event that process is busy with (up->cause); set it with PUSHCAUSE / POPCAUSE.
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../traces/events.h"

void traceinit(void); /* probes for the port */
uint64_t traceevent(unsigned kind, void *record, size_t bytes); /* fills record->head; returns the row's id */
void traceend(uint64_t id, const void *record, size_t bytes);
uint64_t tracestring(const char *);
uint64_t tracelasttrap(void);
void tracedisk(uint64_t sector, uint64_t cause, unsigned block_class);
void traceproc(uint64_t id, uint64_t image);
uint64_t traceimage(uint64_t qid, uint64_t version, uint64_t path); /* the number of a program; path: a tracestring */
void traceinterrupt(bool); /* until false: what happens is caused by the newest interrupt */
bool traceinterrupted(void);
void traceswitch(bool on); /* what happens from here on is recorded, or not; the switching itself is */
uint64_t traceinsns(void); /* instructions retired (instret); 0 without a port */

#define TRACE(event, ...) \
    traceevent(EV_##event, &(struct ev_##event){{0, 0, 0}, __VA_ARGS__}, sizeof(struct ev_##event))
/* TRACE with an explicit cause in place of up->cause */
#define TRACECAUSE(event, causeid, ...) \
    traceevent(EV_##event, &(struct ev_##event){{0, 0, (causeid)}, __VA_ARGS__}, sizeof(struct ev_##event))
#define ENDTRACE(event, id, ...) \
    traceend((id), &(struct ev_##event##_end){EV_##event, __VA_ARGS__}, sizeof(struct ev_##event##_end))

uint64_t pushcause(uint64_t id); /* makes id the cause of what the process does; returns the old one */
void popcause(uint64_t old);

#endif
