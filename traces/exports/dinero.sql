-- SPDX-License-Identifier: GPL-2.0-only
-- title: Accesses as Dinero IV reads them
-- question: What did the run fetch, load and store, for a simulator of caches?
-- read: one line per access, in order: 2 a fetch, 0 a load, 1 a store, and the physical address in hex (an atomic access is a
--   load and a store); what crosses into another page goes on there unseen.
SELECT CASE kind WHEN 'fetch' THEN '2 ' WHEN 'load' THEN '0 ' WHEN 'store' THEN '1 ' ELSE printf('0 %x', pa) || char(10) || '1 ' END
       || printf('%x', pa) FROM accesses(1);
