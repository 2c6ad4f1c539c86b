/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests/bench/trace: events by the trace port as fast as a guest can tell them, the mix of a fault-heavy run: for
 * each of 500,000 pages a trap, a fault, a fill, two transfers and a change of state; and nothing else is done.
 */
#include "guest.h"
#include "../../traces/events.h"

#define PAGES 500000u

static uint64_t begin(unsigned kind, const volatile void *p, uint64_t bytes)
{
    return sbi(TRACE_EID, TRACE_EVENT, kind, (uint64_t)(uintptr_t)p, bytes).value;
}

static void end(uint64_t id, const volatile void *p, uint64_t bytes)
{
    sbi(TRACE_EID, TRACE_END, id, (uint64_t)(uintptr_t)p, bytes);
}

static void one_page(uint64_t process, uint64_t segment, uint64_t page)
{
    static struct ev_trap trap;
    static struct ev_fault fault;
    static struct ev_fill fill;
    static struct ev_transfer transfer;
    static struct ev_page state;
    static struct ev_fill_end filled = {.kind = EV_fill};
    static struct ev_fault_end resolved = {.kind = EV_fault, .resolution = EV_resolution_filled};
    uint64_t va = 0x2000000000 + page * 4096;

    trap = (struct ev_trap){.head = {process, 0x10000 + page % 64 * 4, 0}, .code = 13, .tval = va};
    fault = (struct ev_fault){.head = {process, trap.head.pc, begin(EV_trap, &trap, sizeof trap)}, .va = va, .segment = segment};
    fill = (struct ev_fill){.head = {process, trap.head.pc, begin(EV_fault, &fault, sizeof fault)}, .segment = segment,
                            .va = va, .pieces = 1};
    transfer = (struct ev_transfer){.head = {process, trap.head.pc, begin(EV_fill, &fill, sizeof fill)},
                                    .boundary = EV_boundary_cache, .file = 7, .offset = page * 4096, .block = 1000 + page,
                                    .bytes = 4096, .pages = 1};
    begin(EV_transfer, &transfer, sizeof transfer);
    transfer.boundary = EV_boundary_copy;
    transfer.va = va;
    begin(EV_transfer, &transfer, sizeof transfer);
    state = (struct ev_page){.head = transfer.head, .segment = segment, .va = va, .old = EV_page_state_sourced,
                             .new = EV_page_state_clean};
    begin(EV_page, &state, sizeof state);
    end(transfer.head.cause, &filled, sizeof filled);
    end(fill.head.cause, &resolved, sizeof resolved);
}

int main(void)
{
    static struct ev_process p = {.pid = 1};
    static struct ev_segment s = {.length = 1ull << 32};
    uint64_t process = begin(EV_process, &p, sizeof p), segment;

    s.head.proc = process;
    segment = begin(EV_segment, &s, sizeof s);
    for (uint64_t page = 0; page < PAGES; page++)
        one_page(process, segment, page);
    print("pages: ");
    print_decimal(PAGES);
    print("\n");
    return 0;
}
