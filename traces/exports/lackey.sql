-- SPDX-License-Identifier: GPL-2.0-only
-- title: Accesses as Valgrind's lackey writes them
-- question: What did the run fetch, load and store, for a simulator that reads lackey's traces?
-- read: one line per access, in order: I, L, S or M (an atomic one), the virtual address in hex, the size.
SELECT CASE kind WHEN 'fetch' THEN 'I  ' WHEN 'load' THEN ' L ' WHEN 'store' THEN ' S ' ELSE ' M ' END
       || printf('%x,%d', va, size) FROM accesses(1);
