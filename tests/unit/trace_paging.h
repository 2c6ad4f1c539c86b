/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small trace of paging with known answers: pages A, B, C, D of one segment are asked for in the order
 * A B C | B A | D A, where | is 50 us of virtual time; memory has room for less. Comments give the ids.
 */
#ifndef TESTS_TRACE_PAGING_H
#define TESTS_TRACE_PAGING_H

#include "guestos/include/tarry/abi.h"
#include "trace_events.h"

#define PAGING_BASE 0x1000000000ull

struct paging {
    struct recorder *r;
    struct event_stamp at;
    uint64_t segment;
};

static inline const struct event_stamp *at_ns(struct paging *p, uint64_t ts, uint64_t cause)
{
    p->at.ts = p->at.insn = ts;
    p->at.cause = cause;
    return &p->at;
}

/* A fault on page n that takes `dur`, and the change of its state: three rows. */
static inline void paging_fault(struct paging *p, uint64_t ts, uint64_t n, uint64_t dur, int old, int resolution)
{
    uint64_t va = PAGING_BASE + n * 4096, trap, fault;

    p->at.pc = 0x10000 + n * 4;
    trap = EVENT(p->r, at_ns(p, ts, 0), trap, .code = EV_exception_store_page, .tval = va + 8,
                 .to = EV_privilege_supervisor);
    fault = EVENT(p->r, at_ns(p, ts, trap), fault, .va = va + 8, .access = EV_access_write, .segment = p->segment);
    EVENT(p->r, at_ns(p, ts, fault), page, .segment = p->segment, .va = va, .old = (uint64_t)old,
          .new = EV_page_state_dirty);
    END(p->r, fault, fault, ts + dur, .resolution = (uint64_t)resolution);
}

static inline void paging_leave(struct paging *p, uint64_t ts, uint64_t n, uint64_t cause, int state)
{
    EVENT(p->r, at_ns(p, ts, cause), page, .segment = p->segment, .va = PAGING_BASE + n * 4096,
          .old = EV_page_state_dirty, .new = (uint64_t)state);
}

static inline struct run_result paging_record(struct recorder *r)
{
    struct paging p = {.r = r};
    uint64_t process = EVENT(r, at_ns(&p, 1000, 0), process, .pid = 1), call; /* 1 */

    p.at.proc = process;
    p.segment = EVENT(r, at_ns(&p, 2000, 0), segment, .type = EV_segment_type_memory, .base = PAGING_BASE,
                      .length = 4 * 4096);                                                   /* 2 */
    paging_fault(&p, 10000, 0, 1000, EV_page_state_empty, EV_resolution_zeroed);             /* 3-5: A */
    paging_fault(&p, 20000, 1, 2000, EV_page_state_empty, EV_resolution_zeroed);             /* 6-8: B */
    paging_fault(&p, 30000, 2, 3000, EV_page_state_empty, EV_resolution_zeroed);             /* 9-11: C */
    paging_leave(&p, 40000, 0, 0, EV_page_state_swapped);                                    /* 12: A */
    paging_leave(&p, 45000, 1, 0, EV_page_state_swapped);                                    /* 13: B */
    paging_fault(&p, 60000, 1, 10000, EV_page_state_swapped, EV_resolution_paged_in);        /* 14-16: B */
    paging_fault(&p, 70000, 0, 20000, EV_page_state_swapped, EV_resolution_paged_in);        /* 17-19: A */
    paging_leave(&p, 95000, 0, 0, EV_page_state_swapped);                                    /* 20: A */
    paging_fault(&p, 110000, 3, 1000, EV_page_state_empty, EV_resolution_zeroed);            /* 21-23: D */
    paging_fault(&p, 120000, 0, 20000, EV_page_state_swapped, EV_resolution_paged_in);       /* 24-26: A */
    call = EVENT(r, at_ns(&p, 145000, 0), syscall, .number = SYS_pwrite);                    /* 27 */
    paging_leave(&p, 146000, 3, call, EV_page_state_clean);                                  /* 28: D */
    END(r, call, syscall, 147000, .result = 4096);
    p.at.pc = 0x20000;
    call = EVENT(r, at_ns(&p, 148000, 0), fault, .va = 16);                                  /* 29 */
    END(r, call, fault, 148500, .resolution = EV_resolution_no_segment);
    EVENT(r, at_ns(&p, 149000, 0), fault, .va = PAGING_BASE + 8192, .segment = p.segment);   /* 30: never ends */
    END(r, p.segment, segment, 160000);
    END(r, process, process, 160000, .name = recorder_string(r, "pager", 5), .status = recorder_string(r, "", 0));
    return (struct run_result){.instructions = 200000, .virtual_ns = 200000, .stop_reason = "exit"};
}

#endif
