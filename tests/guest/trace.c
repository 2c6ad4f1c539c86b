/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace port. Prints the ids that it is given: they must be the same with and without a recorder. */
#include "guest.h"
#include "../../traces/events.h"

static struct sbi port(uint64_t function, uint64_t a0, const volatile void *p, uint64_t bytes)
{
    return sbi(TRACE_EID, function, a0, (uint64_t)(uintptr_t)p, bytes);
}

static void bad_calls(void)
{
    static struct ev_process e;
    check("a kind that does not exist", (uint64_t)port(TRACE_EVENT, EV_COUNT, &e, sizeof e).error, (uint64_t)-3);
    check("kind 0", (uint64_t)port(TRACE_EVENT, 0, &e, 0).error, (uint64_t)-3);
    check("a record that is too short", (uint64_t)port(TRACE_EVENT, EV_process, &e, sizeof e - 8).error, (uint64_t)-3);
    check("a record outside of RAM", (uint64_t)port(TRACE_EVENT, EV_process, 0, sizeof e).error, (uint64_t)-3);
    check("a record that wraps", (uint64_t)port(TRACE_EVENT, EV_process, (void *)-8ull, sizeof e).error, (uint64_t)-3);
    check("the end of nothing", (uint64_t)port(TRACE_END, 999, &(struct ev_process_end){EV_process, 0, 0},
                                               sizeof(struct ev_process_end)).error, (uint64_t)-3);
    check("a string of 4 GiB", (uint64_t)sbi(TRACE_EID, TRACE_STRING, (uint64_t)(uintptr_t)&e, 1ull << 32, 0).error,
          (uint64_t)-3);
    check("a function that does not exist", (uint64_t)port(99, 0, 0, 0).error, (uint64_t)-2);
}

int main(void)
{
    if (!on_tarry()) {
        skip("no trace port");
        plan();
        return 0;
    }
    bad_calls();
    static const char name[] = "init";
    uint64_t text = sbi(TRACE_EID, TRACE_STRING, (uint64_t)(uintptr_t)name, 4, 0).value;
    check("a string has an id", text != 0, 1);
    check("the same again", sbi(TRACE_EID, TRACE_STRING, (uint64_t)(uintptr_t)name, 4, 0).value, text);
    check("no trap yet", port(TRACE_LAST_TRAP, 0, 0, 0).value, 0);
    static struct ev_process p = {{0, 0, 0}, 1, 0};
    uint64_t process = port(TRACE_EVENT, EV_process, &p, sizeof p).value;
    port(TRACE_PROC, process, 0, 0);
    attempt((void *)0x50000, 0, 0, 0);
    uint64_t trap = port(TRACE_LAST_TRAP, 0, 0, 0).value;
    check("rows so far: the lines printed", process, 12); /* 8 of bad_calls, 3 of strings and traps, then this one */
    check("the trap is the next row", trap, process + 1);
    static struct ev_process_end end = {EV_process, 0, 0};
    end.name = text;
    check("end", (uint64_t)port(TRACE_END, process, &end, sizeof end).error, 0);
    check("it ends once", (uint64_t)port(TRACE_END, process, &end, sizeof end).error, (uint64_t)-3);
    plan();
    return 0;
}
