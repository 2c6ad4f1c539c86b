-- SPDX-License-Identifier: GPL-2.0-only
-- title: Accesses as CSV
-- question: What did the run fetch, load and store, and where was it?
-- read: one line per access, in order; addresses in hex. next_pa is where an access goes on that crosses into another page.
SELECT printf('%d,%d,%d,%s,%s,0x%x,0x%x,%s,%d,0x%x', insn, ts, proc, mode, kind, va, pa,
              CASE WHEN next_pa IS NOT NULL THEN printf('0x%x', next_pa) ELSE '' END, size, pc) FROM accesses(1);
