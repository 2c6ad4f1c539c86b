-- SPDX-License-Identifier: GPL-2.0-only
-- title: Time in faults as folded stacks
-- question: Where do faults cost virtual time?
-- read: program;function;source line (or pc);what asked (user code, or the system call made there);resolution, and the virtual nanoseconds that
--   they took:
--   the input of flame graph tools. A frame that is not known is left out. Of a kernel that does not describe its faults
--   these are the page faults that the machine delivered, whose time is not known: page table;function;line (or pc);user or kernel;exception.
@include stacks
SELECT printf('%s %d', frames, sum(ns)) FROM stack GROUP BY frames ORDER BY 1;
