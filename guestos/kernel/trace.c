/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's end of the trace port (traces/events.h). */
#include <string.h>
#include "page.h"
#include "proc.h"
#include "riscv.h"
#include "sbi.h"
#include "trace.h"

static bool port; /* the machine has a trace port */
static bool interrupting;

/* Kernel memory, stacks included, lies in the direct map. */
static uint64_t physical(const void *p)
{
    return (uint64_t)p - KZERO;
}

static uint64_t call(uint64_t function, uint64_t a0, uint64_t a1, uint64_t a2)
{
    if (!port)
        return 0;
    struct sbiret r = sbicall(TRACE_EID, function, a0, a1, a2);
    return r.error == 0 ? (uint64_t)r.value : 0;
}

void traceinit(void)
{
    port = sbiprobe(TRACE_EID);
}

uint64_t traceevent(unsigned kind, void *record, size_t bytes)
{
    if (!port)
        return 0;
    struct ev_head *head = record;
    if (up != NULL) {
        if (head->proc == 0) {
            head->proc = up->id;
            head->pc = up->pc;
        }
    }
    if (head->cause == 0)
        head->cause = interrupting ? TRACE_INTERRUPT : up != NULL ? up->cause : 0;
    return call(TRACE_EVENT, kind, physical(record), bytes);
}

void traceend(uint64_t id, const void *record, size_t bytes)
{
    if (id != 0)
        call(TRACE_END, id, physical(record), bytes);
}

uint64_t tracestring(const char *text)
{
    return port ? call(TRACE_STRING, physical(text), strlen(text), 0) : 0;
}

uint64_t tracelasttrap(void)
{
    return call(TRACE_LAST_TRAP, 0, 0, 0);
}

void tracedisk(uint64_t sector, uint64_t cause, unsigned block_class)
{
    call(TRACE_DISK, sector, cause, block_class);
}

void traceproc(uint64_t id, uint64_t image)
{
    call(TRACE_PROC, id, image, 0);
}

uint64_t traceimage(uint64_t qid, uint64_t version, uint64_t path)
{
    return call(TRACE_IMAGE, qid, version, path);
}

void traceinterrupt(bool on)
{
    interrupting = on;
}

bool traceinterrupted(void)
{
    return interrupting;
}

void traceswitch(bool on)
{
    if (!on)
        TRACE(tracing, .on = 0);
    call(TRACE_SWITCH, on, 0, 0);
    if (on)
        TRACE(tracing, .on = 1);
}

uint64_t traceinsns(void)
{
    return port ? csrread(instret) : 0;
}
