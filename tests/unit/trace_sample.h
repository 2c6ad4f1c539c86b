/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small trace with known answers: a process reads a file of 1 MiB into a deferred segment, touches
 * one page, stores to it, reads 100 bytes of another file conventionally and 5 from the console, and writes the
 * whole buffer back. Comments give the ids.
 */
#ifndef TESTS_TRACE_SAMPLE_H
#define TESTS_TRACE_SAMPLE_H

#include <string.h>
#include "guestos/include/tarry/abi.h"
#include "trace_events.h"

#define SAMPLE_EVENTS 41
#define SAMPLE_BASE 0x2000000000ull
#define SAMPLE_MIB 1048576ull

struct sample {
    struct recorder *r;
    struct event_stamp at;
    uint64_t process, text, defer, snapshot;
};

/* The next event happens 1000 instructions later, because of `cause`. */
static inline const struct event_stamp *later(struct sample *s, uint64_t cause)
{
    s->at.insn += 1000;
    s->at.ts += 1000;
    s->at.cause = cause;
    return &s->at;
}

static inline uint64_t sample_string(struct sample *s, const char *text)
{
    return recorder_string(s->r, text, strlen(text));
}

static inline void sample_begin(struct sample *s)
{
    s->process = EVENT(s->r, later(s, 0), process, .pid = 1); /* 1 */
    s->at.proc = s->process;
    s->at.pc = 0x10100;
    EVENT(s->r, later(s, 0), program, .name = sample_string(s, "/bin/sparse"));                                 /* 2 */
    s->text = EVENT(s->r, later(s, 0), segment, .type = EV_segment_type_text, .base = 0x10000, .length = 8192); /* 3 */
    s->defer = EVENT(s->r, later(s, 0), segment, .type = EV_segment_type_defer, .policy = EV_io_policy_deferred,
                     .base = SAMPLE_BASE, .length = SAMPLE_MIB);                                         /* 4 */
    EVENT(s->r, later(s, 0), file, .qid = 7, .name = sample_string(s, "/in/big"), .length = SAMPLE_MIB); /* 5 */
}

static inline void sample_read(struct sample *s)
{
    uint64_t call = EVENT(s->r, later(s, 0), syscall, .number = SYS_pread, .a0 = 3, .a1 = SAMPLE_BASE, .a2 = SAMPLE_MIB,
                          .a3 = (uint64_t)-1);                                                        /* 6 */
    s->snapshot = EVENT(s->r, later(s, call), snapshot, .file = 7, .length = SAMPLE_MIB, .epoch = 5); /* 7 */
    EVENT(s->r, later(s, call), source, .segment = s->defer, .kind = EV_source_kind_snapshot, .va = SAMPLE_BASE,
          .length = SAMPLE_MIB, .snapshot = s->snapshot); /* 8 */
    END(s->r, call, syscall, later(s, 0)->ts, .result = SAMPLE_MIB, .insns = 900);
}

static inline uint64_t sample_disk(struct sample *s, uint64_t cause, int op, int class, uint64_t sector, uint64_t n,
                                   uint64_t dur) {
    uint64_t id = EVENT(s->r, later(s, cause), disk_request, .op = op, .class = class, .sector = sector, .sectors = n,
                        .queue_ns = 1000, .service_ns = dur - 1000);
    END(s->r, id, disk_request, s->at.ts + dur, .status = 0);
    return id;
}

static inline void sample_load(struct sample *s)
{
    uint64_t va = SAMPLE_BASE + 0x3000, trap, fault, fill, transfer;

    trap = EVENT(s->r, later(s, 0), trap, .code = EV_exception_load_page, .tval = va + 8,
                 .to = EV_privilege_supervisor);                                                             /* 9 */
    fault = EVENT(s->r, later(s, trap), fault, .va = va + 8, .access = EV_access_read, .segment = s->defer,
                  .rule = EV_rule_fill); /* 10 */
    fill = EVENT(s->r, later(s, fault), fill, .segment = s->defer, .va = va, .pieces = 1);                   /* 11 */
    transfer = EVENT(s->r, later(s, fill), transfer, .boundary = EV_boundary_disk, .class = EV_block_class_meta,
                     .file = 7, .block = 40, .bytes = 4096);                       /* 12 */
    sample_disk(s, transfer, EV_disk_op_read, EV_block_class_meta, 320, 8, 10000); /* 13 */
    transfer = EVENT(s->r, later(s, fill), transfer, .boundary = EV_boundary_disk, .file = 7, .offset = 0x3000,
                     .block = 103, .bytes = 4096);                                 /* 14 */
    sample_disk(s, transfer, EV_disk_op_read, EV_block_class_data, 824, 8, 12000); /* 15 */
    EVENT(s->r, later(s, fill), transfer, .boundary = EV_boundary_copy, .file = 7, .offset = 0x3000,
          .segment = s->defer, .va = va, .bytes = 4096, .pages = 1); /* 16 */
    EVENT(s->r, later(s, fault), page, .segment = s->defer, .va = va, .old = EV_page_state_sourced,
          .new = EV_page_state_clean); /* 17 */
    END(s->r, fill, fill, s->at.ts + 500, .error = 0);
    END(s->r, fault, fault, s->at.ts + 1000, .resolution = EV_resolution_filled);
}

static inline void sample_store(struct sample *s)
{
    uint64_t va = SAMPLE_BASE + 0x3000, trap, fault;

    trap = EVENT(s->r, later(s, 0), trap, .code = EV_exception_store_page, .tval = va,
                 .to = EV_privilege_supervisor);                                                          /* 18 */
    fault = EVENT(s->r, later(s, trap), fault, .va = va, .access = EV_access_write, .segment = s->defer,
                  .rule = EV_rule_first_store); /* 19 */
    EVENT(s->r, later(s, fault), page, .segment = s->defer, .va = va, .old = EV_page_state_clean,
          .new = EV_page_state_dirty); /* 20 */
    END(s->r, fault, fault, s->at.ts + 500, .resolution = EV_resolution_detached, .detached = 1);
}

static inline void sample_conventional(struct sample *s)
{
    uint64_t call, fault;

    EVENT(s->r, later(s, 0), file, .qid = 9, .name = sample_string(s, "/in/small"), .length = 100);    /* 21 */
    call = EVENT(s->r, later(s, 0), syscall, .number = SYS_pread, .a0 = 4, .a1 = 0x11000, .a2 = 4096); /* 22 */
    fault = EVENT(s->r, later(s, call), fault, .va = 0x11000, .access = EV_access_write, .segment = s->text,
                  .in_kernel = 1, .rule = EV_rule_first_touch); /* 23 */
    END(s->r, fault, fault, s->at.ts + 200, .resolution = EV_resolution_zeroed);
    EVENT(s->r, later(s, call), transfer, .boundary = EV_boundary_cache, .file = 9, .block = 50,
          .bytes = 4096);                                                                          /* 24 */
    EVENT(s->r, later(s, call), transfer, .boundary = EV_boundary_eager, .file = 9, .bytes = 100); /* 25 */
    END(s->r, call, syscall, later(s, 0)->ts, .result = 100, .insns = 2000);
    call = EVENT(s->r, later(s, 0), syscall, .number = SYS_pread, .a0 = 0, .a1 = 0x11000, .a2 = 4096); /* 26 */
    END(s->r, call, syscall, later(s, 0)->ts, .result = 5, .insns = 300);
}

static inline void sample_write_back(struct sample *s)
{
    uint64_t call, commit, transfer;

    call =
        EVENT(s->r, later(s, 0), syscall, .number = SYS_pwrite, .a0 = 3, .a1 = SAMPLE_BASE, .a2 = SAMPLE_MIB); /* 27 */
    EVENT(s->r, later(s, call), transfer, .boundary = EV_boundary_write, .file = 7, .offset = 0x3000, .bytes = 4096,
          .pages = 1, .output = 1); /* 28 */
    EVENT(s->r, later(s, call), transfer, .boundary = EV_boundary_skip, .file = 7, .bytes = SAMPLE_MIB - 4096,
          .pages = 255, .output = 1); /* 29 */
    EVENT(s->r, later(s, call), transfer, .boundary = EV_boundary_preserve, .file = 7, .offset = 0x3000, .block = 103,
          .bytes = 4096);                                     /* 30 */
    commit = EVENT(s->r, later(s, call), commit, .epoch = 5); /* 31 */
    transfer = EVENT(s->r, later(s, commit), transfer, .boundary = EV_boundary_disk, .file = 7, .offset = 0x3000,
                     .block = 200, .bytes = 4096, .output = 1);                      /* 32 */
    sample_disk(s, transfer, EV_disk_op_write, EV_block_class_data, 1600, 8, 11000); /* 33 */
    sample_disk(s, commit, EV_disk_op_write, EV_block_class_meta, 1608, 16, 13000);  /* 34 */
    sample_disk(s, commit, EV_disk_op_flush, EV_block_class_unknown, 0, 0, 5000);    /* 35 */
    END(s->r, commit, commit, later(s, 0)->ts, .blocks = 3);
    END(s->r, call, syscall, later(s, 0)->ts, .result = SAMPLE_MIB, .insns = 40000);
}

static inline void sample_end(struct sample *s)
{
    EVENT(s->r, later(s, 0), sched, .reason = EV_switch_reason_exit);                                 /* 36 */
    EVENT(s->r, later(s, 0), interrupt, .code = EV_irq_sei, .from = EV_privilege_supervisor);         /* 37 */
    EVENT(s->r, later(s, 0), note, .text = sample_string(s, "sys: trap: bad address, \"quoted\"\n")); /* 38 */
    EVENT(s->r, later(s, 0), syscall, .number = SYS_exits); /* 39: never returns */
    EVENT(s->r, &s->at, tlb_stale, .va = 0x2000, .access = EV_access_write, .pte = 0x20000401, .table = 0x20000801,
          .pte_pa = 0x80001010, .changed_pc = 0x1040, .changed_insn = 900); /* 40 */
    EVENT(s->r, &s->at, tlb_total, .access = EV_access_read, .accesses = 2000000, .misses = 50, .second = 20, .walks = 30,
          .refused = 1, .refs = 72, .again = 6, .evictions = 11); /* 41 */
    END(s->r, s->snapshot, snapshot, later(s, 0)->ts, .preserved = 1);
    END(s->r, s->text, segment, later(s, 0)->ts);
    END(s->r, s->defer, segment, s->at.ts);
    END(s->r, s->process, process, s->at.ts, .name = sample_string(s, "/bin/sparse"), .status = sample_string(s, ""));
}

static inline struct run_result sample_record(struct recorder *r)
{
    struct sample s = {.r = r};

    sample_begin(&s);
    sample_read(&s);
    sample_load(&s);
    sample_store(&s);
    sample_conventional(&s);
    sample_write_back(&s);
    sample_end(&s);
    return (struct run_result){.instructions = s.at.insn, .virtual_ns = s.at.ts, .host_ns = 123, .stop_reason = "exit"};
}

#endif
