-- SPDX-License-Identifier: GPL-2.0-only
-- title: The counters of OS/161, and their identities
-- question: How many faults of each kind were there, in the terms of OS/161's vmstats, and do the numbers agree?
-- read: one row per counter. The names are those of OS/161's assignment: reloads (the page was in memory), zeroed,
--   from disk = from ELF (any file here) + from swapfile; copies are first stores to shared or clean pages, which OS/161
--   does not have. `identity` rows count the same in two ways and must show 0: faults by what the kernel says it did,
--   against pages that were composed, swap that was read. TLB faults, with free
--   and with replace, are of the model of --tlb or of the TLB of --mmu softtlb: entries that were loaded, into a free place
--   or that of another (no rows without a TLB). In OS/161 each of them is a fault; here only those of softtlb are traps.
--   View check_fault_evidence names the faults that break an identity.
WITH f AS MATERIALIZED (SELECT resolution, sum(events) AS n FROM fault_total GROUP BY resolution),
     k(name, n) AS MATERIALIZED (
         SELECT 'faults', coalesce(sum(n), 0) FROM f WHERE resolution BETWEEN 1 AND 7
         UNION ALL SELECT 'reloads', coalesce(sum(n), 0) FROM f WHERE resolution = 3
         UNION ALL SELECT 'zeroed', coalesce(sum(n), 0) FROM f WHERE resolution = 1
         UNION ALL SELECT 'elf', coalesce(sum(n), 0) FROM f WHERE resolution = 2
         UNION ALL SELECT 'swapfile', coalesce(sum(n), 0) FROM f WHERE resolution = 7
         UNION ALL SELECT 'copies', coalesce(sum(n), 0) FROM f WHERE resolution IN (4, 5, 6)
         UNION ALL SELECT 'swap_reads', coalesce(sum(events), 0) FROM transfer_total WHERE boundary = 7 AND output = 0
         UNION ALL SELECT 'swap_writes', coalesce(sum(sum_pages), 0) FROM transfer_total WHERE boundary = 7 AND output = 1
         UNION ALL SELECT 'fills', count(DISTINCT i.cause) FROM fill AS i JOIN fault AS f ON f.id = i.cause
             WHERE f.resolution = 2),
     t AS MATERIALIZED (SELECT sum(evictions + shootdowns + valid) AS faults, sum(evictions) AS replaced
                        FROM tlb_array WHERE array IN (0, 1) HAVING count(*) > 0),
     m AS MATERIALIZED (SELECT sum(misses - refused) AS loaded, sum(evictions) AS replaced FROM tlb_total),
     w AS MATERIALIZED (SELECT count(*) AS n FROM stlb_write WHERE replaced = 0)
SELECT 'faults that were resolved' AS counter, (SELECT n FROM k WHERE name = 'faults') AS value
UNION ALL SELECT 'TLB Faults', faults FROM t
UNION ALL SELECT 'TLB Faults with Free', faults - replaced FROM t
UNION ALL SELECT 'TLB Faults with Replace', replaced FROM t
UNION ALL SELECT 'TLB Reloads', (SELECT n FROM k WHERE name = 'reloads')
UNION ALL SELECT 'Page Faults (Zeroed)', (SELECT n FROM k WHERE name = 'zeroed')
UNION ALL SELECT 'Page Faults (Disk)', (SELECT sum(n) FROM k WHERE name IN ('elf', 'swapfile'))
UNION ALL SELECT 'Page Faults from ELF', (SELECT n FROM k WHERE name = 'elf')
UNION ALL SELECT 'Page Faults from Swapfile', (SELECT n FROM k WHERE name = 'swapfile')
UNION ALL SELECT 'Swapfile Writes', (SELECT n FROM k WHERE name = 'swap_writes')
UNION ALL SELECT 'copies (not in OS/161)', (SELECT n FROM k WHERE name = 'copies')
UNION ALL SELECT 'identity: faults - reloads - zeroed - disk - copies',
    (SELECT sum(CASE name WHEN 'faults' THEN n ELSE -n END) FROM k
     WHERE name IN ('faults', 'reloads', 'zeroed', 'elf', 'swapfile', 'copies'))
UNION ALL SELECT 'identity: from ELF - faults with a page composed',
    (SELECT sum(CASE name WHEN 'elf' THEN n ELSE -n END) FROM k WHERE name IN ('elf', 'fills'))
UNION ALL SELECT 'identity: from swapfile beyond what was read of it',
    (SELECT max(0, sum(CASE name WHEN 'swapfile' THEN n ELSE -n END)) FROM k WHERE name IN ('swapfile', 'swap_reads'))
UNION ALL SELECT 'identity: TLB faults - misses and writes of entries', t.faults - m.loaded - w.n FROM t, m, w
    WHERE w.n > 0 -- softtlb, with group translation; a hart that walks may load an entry again for another right
UNION ALL SELECT 'identity: with replace - evictions by kind of access', t.replaced - m.replaced FROM t, m;
