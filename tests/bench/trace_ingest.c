/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast events get into a trace: the mix of a fault-heavy run (trap, fault, fill,
 * two transfers, disk request, page state) recorded as fast as one thread can.
 *
 *     trace_ingest DB [MILLIONS]      DB "-": no database, the producer's cost alone
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include "tests/trace_events.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Time that the processors worked for this process: what counts when others use them, too. */
static double worked(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void one_fault(struct recorder *r, struct event_stamp *at, uint64_t segment, uint64_t page)
{
    uint64_t va = 0x2000000000 + page * 4096, trap, fault, fill, transfer, request;

    at->insn += 900;
    at->ts += 900;
    at->pc = 0x10000 + page % 64 * 4;
    at->cause = 0;
    trap = EVENT(r, at, trap, .code = 13, .tval = va);
    at->cause = trap;
    fault = EVENT(r, at, fault, .va = va, .segment = segment);
    at->cause = fault;
    fill = EVENT(r, at, fill, .segment = segment, .va = va, .pieces = 1);
    at->cause = fill;
    transfer = EVENT(r, at, transfer, .boundary = EV_boundary_disk, .file = 7, .offset = page * 4096,
                     .block = 1000 + page, .bytes = 4096);
    at->cause = transfer;
    request = EVENT(r, at, disk_request, .sector = 8 * (1000 + page), .sectors = 8, .service_ns = 20000);
    END(r, request, disk_request, at->ts + 20000, .status = 0);
    at->cause = fill;
    EVENT(r, at, transfer, .boundary = EV_boundary_copy, .file = 7, .offset = page * 4096, .segment = segment, .va = va,
          .bytes = 4096);
    EVENT(r, at, page, .segment = segment, .va = va, .old = EV_page_state_sourced, .new = EV_page_state_clean);
    END(r, fill, fill, at->ts + 20500, .error = 0);
    END(r, fault, fault, at->ts + 21000, .resolution = EV_resolution_filled);
    at->ts += 21000;
}

int main(int argc, char **argv)
{
    uint64_t rows = 0, want = (uint64_t)(1e6 * (argc > 2 ? atof(argv[2]) : 2.0)), segment;
    struct event_stamp at = {0};
    struct recorder *r;
    double began = now(), recorded, closed, cpu;
    struct stat st = {0};
    char err[512];

    if (argc < 2) {
        fprintf(stderr, "usage: trace_ingest DB [MILLIONS]\n");
        return 2;
    }
    r = recorder_open(strcmp(argv[1], "-") ? argv[1] : NULL, &(struct run_facts){.command = "trace_ingest"}, err,
                      sizeof(err));
    if (r == NULL) {
        fprintf(stderr, "trace_ingest: %s\n", err);
        return 2;
    }
    at.proc = EVENT(r, &at, process, .pid = 1);
    segment = EVENT(r, &at, segment, .length = 1 << 30);
    for (rows = 2; rows < want; rows += 7) /* every page once, in no order */
        one_fault(r, &at, segment, rows / 7 * 2654435761 % (1 << 24));
    recorded = now();
    cpu = worked();
    if (recorder_close(r, &(struct run_result){.instructions = at.insn, .virtual_ns = at.ts, .stop_reason = "exit"},
                       err, sizeof(err)) < 0) {
        fprintf(stderr, "trace_ingest: %s\n", err);
        return 1;
    }
    closed = now();
    stat(argv[1], &st);
    printf("rows %.1f M  recorded in %.2f s (%.2f M rows/s)  closed after %.2f s more  %.0f bytes/row  "
           "processor %.2f + %.2f s\n",
           (double)rows / 1e6, recorded - began, (double)rows / 1e6 / (recorded - began), closed - recorded,
           (double)st.st_size / (double)rows, cpu,
           worked() - cpu);
    return 0;
}
