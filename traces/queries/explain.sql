-- SPDX-License-Identifier: GPL-2.0-only
-- title: Why a fault was a fault: the rule of the specification that refused the access, in words
-- question: Which rule of the privileged specification refused this access, with which page-table entries, and what did the kernel make of it?
-- param fault (id): id of a row in fault, trap, walk or tlb_stale; default: the last fault that ended in a note, or the last page or access fault
-- read: from top to bottom: the access; the address space; each entry that the walk read, from the root on (V R W X U G
--   A D as letters, - for a 0); the rule that refused it, by its section and step in the privileged specification; a TLB
--   entry that was older than the table (runs with --stale-tlb); the kernel's rule and what it did. Entries are there if
--   group translation was recorded (--trace all).
WITH wanted(id) AS MATERIALIZED (SELECT coalesce(:fault,
         (SELECT max(id) FROM fault WHERE resolution BETWEEN 8 AND 10), (SELECT max(id) FROM trap WHERE code IN (1, 5, 7, 12, 13, 15)))),
     named(id) AS MATERIALIZED ( -- what it names, and the trap behind that
         SELECT id FROM wanted
         UNION ALL SELECT cause FROM fault WHERE id = (SELECT id FROM wanted)
         UNION ALL SELECT cause FROM walk WHERE id = (SELECT id FROM wanted)
         UNION ALL SELECT id FROM (SELECT t.id, t.pc, s.pc AS at, t.tval, s.va FROM tlb_stale AS s -- the trap that it led to, at once
             JOIN trap AS t ON t.id = (SELECT min(id) FROM trap WHERE id > s.id) WHERE s.id = (SELECT id FROM wanted))
             WHERE pc = at AND tval >> 12 = va >> 12),
     t AS MATERIALIZED (SELECT * FROM trap WHERE id IN (SELECT id FROM named)),
     f AS MATERIALIZED (SELECT * FROM fault WHERE id = (SELECT id FROM wanted) OR cause = (SELECT id FROM t) ORDER BY id LIMIT 1),
     w AS MATERIALIZED (SELECT * FROM walk WHERE cause = (SELECT id FROM t) ORDER BY id LIMIT 1),
     only_stale AS MATERIALIZED (SELECT * FROM tlb_stale WHERE id = (SELECT id FROM wanted) AND NOT EXISTS (SELECT 1 FROM t)),
     x AS MATERIALIZED ( -- the access: of the hart, of the kernel for a call, or one that an old entry let pass
         SELECT t.id, t.insn, t.proc, t.pc, t.image, t."from" AS mode, t.tval AS va, t.code,
                CASE WHEN t.code IN (1, 12) THEN 2 WHEN t.code IN (5, 13) THEN 0 WHEN t.code IN (7, 15) THEN 1 END AS access FROM t
         UNION ALL SELECT f.id, f.insn, f.proc, f.pc, f.image, NULL, f.va, NULL, f.access FROM f WHERE NOT EXISTS (SELECT 1 FROM t)
         UNION ALL SELECT id, insn, proc, pc,
             (SELECT iif(count(*) = 1, min(image), NULL) FROM instruction AS i WHERE i.pc = o.pc), NULL, va, NULL, access FROM only_stale AS o),
     sp AS MATERIALIZED (SELECT * FROM satp WHERE id < (SELECT id FROM x) ORDER BY id DESC LIMIT 1),
     st AS MATERIALIZED ( -- the old entry of this page that no fence has dropped and no walk has renewed since
         SELECT s.* FROM x JOIN tlb_stale AS s ON s.id <= x.id AND s.va >> 12 = x.va >> 12 AND (s.access = 2) = (x.access = 2)
         WHERE s.id = (SELECT id FROM wanted) OR ((s.asid = coalesce((SELECT asid FROM sp), s.asid) OR s.pte & 32)
             AND (s.id = x.id OR EXISTS (SELECT 1 FROM w) -- fences are known, else it must have been this very access
                 OR (s.pc = x.pc AND x.id = (SELECT min(id) FROM trap WHERE id > s.id)))
             AND NOT EXISTS (SELECT 1 FROM sfence AS e WHERE e.id > s.id AND e.id < x.id
                 AND (e.all_asid OR (e.asid = s.asid AND s.pte & 32 = 0))
                 AND (e.all_va OR s.va >> 12 BETWEEN e.va >> 12 AND (e.va + max(e.length, 1) - 1) >> 12))
             AND NOT EXISTS (SELECT 1 FROM tlb_refill AS r WHERE r.id > s.id AND r.id < x.id AND r.va = s.va & ~4095
                 AND r.second = 0 AND r.asid = s.asid AND (r.access = 2) = (s.access = 2)))
         ORDER BY s.id = (SELECT id FROM wanted) DESC, s.id DESC LIMIT 1),
     other AS MATERIALIZED ( -- another table that had this ASID before, and no fence of this page has come since it was left
         SELECT o.* FROM w CROSS JOIN sp CROSS JOIN satp AS o
         WHERE w.refusal = 0 AND sp.mode <> 0 AND NOT EXISTS (SELECT 1 FROM st)
             AND o.id = (SELECT max(id) FROM satp WHERE id < sp.id AND mode <> 0 AND asid = sp.asid AND root <> sp.root)
             AND NOT EXISTS (SELECT 1 FROM sfence AS e JOIN x ON e.id < x.id
                 WHERE e.id > (SELECT min(id) FROM satp WHERE id > o.id)
                 AND (e.all_asid OR e.asid = sp.asid)
                 AND (e.all_va OR x.va >> 12 BETWEEN e.va >> 12 AND (e.va + max(e.length, 1) - 1) >> 12))),
     entry(level, pte) AS (SELECT 3, pte3 FROM w UNION ALL SELECT 2, pte2 FROM w UNION ALL SELECT 1, pte1 FROM w UNION ALL SELECT 0, pte0 FROM w),
     e AS MATERIALIZED ( -- those that were read: at = where each lies, size = the bytes that it stands for
         SELECT n.level, n.pte, va >> (12 + 9 * n.level) & 511 AS place, 4096 << (9 * n.level) AS size,
                (n.pte >> 10 & 0xfffffffffff) AS ppn,
                CASE WHEN n.level = w.level AND w."table" <> 0 THEN w."table"
                     WHEN n.level < 2 + (w.mode = 9) THEN
                         ((SELECT pte FROM entry AS u WHERE u.level = n.level + 1) >> 10 & 0xfffffffffff) * 4096 + (va >> (12 + 9 * n.level) & 511) * 8
                     ELSE (SELECT root FROM sp) + (va >> (12 + 9 * n.level) & 511) * 8 END AS at
         FROM entry AS n, w
         WHERE n.level <= 2 + (w.mode = 9) AND w.mode IN (8, 9) AND w.refusal NOT IN (1, 2, 15, 16)
             AND n.level >= w.level + (w.refusal = 3 OR (w.refusal = 18 AND n.pte = 0))), -- it could not be read
     last AS MATERIALIZED (SELECT e.*, va - va % size AS base FROM e, w WHERE e.level = w.level),
     decoded(pte, letters) AS ( -- every entry that is shown
         SELECT pte, iif(pte & 1, 'V', '-') || iif(pte & 2, 'R', '-') || iif(pte & 4, 'W', '-') || iif(pte & 8, 'X', '-')
                || iif(pte & 16, 'U', '-') || iif(pte & 32, 'G', '-') || iif(pte & 64, 'A', '-') || iif(pte & 128, 'D', '-')
             FROM (SELECT pte FROM e UNION SELECT pte FROM st UNION SELECT "table" FROM st UNION SELECT pte0 FROM w)),
     wrote AS MATERIALIZED ( -- software-managed TLB: the last entry of this page for each ASID, and what came of it
         SELECT s.id, s.insn, s.asid, s.asid = (SELECT asid FROM sp) AS ours,
                (SELECT max(d.cause) FROM tlb_shootdown AS d WHERE d.id > s.id AND d.id < x.id AND d.va = s.va AND d.asid = s.asid) AS fence,
                (SELECT max(v.cause) FROM tlb_eviction AS v WHERE v.id > s.id AND v.id < x.id AND v.va = s.va AND v.asid = s.asid) AS victim
         FROM x JOIN w ON w.refusal = 15 JOIN (SELECT max(u.id) AS last FROM stlb_write AS u, x AS y
             WHERE u.id < y.id AND u.va = y.va & ~4095 GROUP BY u.asid) JOIN stlb_write AS s ON s.id = last),
     guard(words) AS ( -- the PMP entry at the physical address
         SELECT iif(pmp = 0, 'no PMP entry matches there, which is enough to refuse S and U mode (3.7.1)',
                    printf('PMP entry %d there has %s%s%s, %s%s', (pmp >> 8) - 1, iif(pmp & 1, 'R', '-'), iif(pmp & 2, 'W', '-'),
                           iif(pmp & 4, 'X', '-'), iif(pmp & 16, 'NAPOT', 'TOR'), iif(pmp & 128, ', locked: M mode is bound, too', '')))
         FROM w WHERE pa <> 0 OR "table" <> 0),
     sizes(level, name) AS (VALUES (0, '4 KiB'), (1, '2 MiB'), (2, '1 GiB'), (3, '512 GiB')),
     place(image, pc, words) AS NOT MATERIALIZED ( -- instructions in words
         SELECT image, address, coalesce(': ' || text, '') || coalesce(', in ' || symbol, '')
                || coalesce(' of ' || iif(text IS NULL, NULL, program), '') || coalesce(' (' || source || ')', '') FROM program_line),
     why AS ( -- section and step, and why, of each value of enum_refusal
         SELECT CASE w.refusal
             WHEN 0 THEN 'the page table, as it is now, allows the access: the hart went by an older translation (4.2.1)'
             WHEN 1 THEN printf('4.1.11: satp.MODE is %d, which is not implemented', w.mode)
             WHEN 2 THEN printf('%s: the address is not canonical: bits 63 to %d must be copies of bit %d',
                 iif(w.mode = 9, '4.5.1', '4.4.1'), iif(w.mode = 9, 48, 39), iif(w.mode = 9, 47, 38))
             WHEN 3 THEN printf('4.3.2 step 2: the entry at level %d lies at 0x%x, where there is no memory (PMA, 3.6): an access fault',
                 w.level, coalesce(w.pa, w."table"))
             WHEN 4 THEN (SELECT printf('4.3.2 step 3: V = 0 at level %d: not present: nothing is mapped from 0x%x to 0x%x',
                 level, base, base + size - 1) FROM last)
             WHEN 5 THEN (SELECT printf('4.3.2 step 3: reserved bits are set: 0x%x (bits 63 to 54 must be 0 without Svnapot'
                 || ' and Svpbmt, 4.4.1)', pte & 0xffc0000000000000) FROM last)
             WHEN 6 THEN '4.3.2 step 3: W = 1 and R = 0: a reserved encoding'
             WHEN 7 THEN '4.3.2 step 4: a pointer (R = W = X = 0) at level 0, below which there is no level'
             WHEN 8 THEN (SELECT printf('4.3.2 step 3: %s set in a pointer, where A, D and U are reserved and must be 0 (4.4.1)',
                 trim(iif(pte & 64, 'A ', '') || iif(pte & 128, 'D ', '') || iif(pte & 16, 'U ', ''))) FROM last)
             WHEN 9 THEN (SELECT printf('4.3.2 step 6: a misaligned superpage: a page of %s must lie at a multiple of its size,'
                 || ' not at 0x%x', name, ppn * 4096) FROM last JOIN sizes USING (level))
             WHEN 10 THEN '4.3.2 step 5: U = 0: user mode may not use a page without U'
             WHEN 11 THEN iif(w.access = 2,
                 '4.3.2 step 5: U = 1: supervisor mode may not run code of a page with U, whatever sstatus.SUM is (4.3.1)',
                 '4.3.2 step 5: U = 1 and sstatus.SUM = 0: supervisor mode may not use a page with U (4.1.1.2)')
             WHEN 12 THEN '4.3.2 step 5: R = 0: no permission to load' || iif(iif(w.mode = 15, w.pte0, (SELECT pte FROM last)) & 8,
                 '; X = 1 would do if sstatus.MXR were 1, but it is 0 (4.1.1.2)', '')
             WHEN 13 THEN iif(w.mode = 15 AND w.pte0 & 4, 'software-managed TLB: D = 0: no permission to store', -- until version 2
                 '4.3.2 step 5: W = 0: no permission to store')
             WHEN 14 THEN '4.3.2 step 5: X = 0: no permission to fetch instructions'
             WHEN 15 THEN printf('software-managed TLB (satp.MODE 15): it has no entry for this page%s; the kernel is to write one',
                 coalesce((SELECT printf(' and ASID %d', asid) FROM sp), ''))
             WHEN 17 THEN '4.3.2 step 7, as the software-managed TLB has it: D = 0, and this hart sets neither A nor D: no permission to store'
             WHEN 18 THEN (SELECT iif((SELECT count(*) FROM last),
                 '4.3.2 step 7: A or D is to be set in the leaf, and PMP does not let it be written: ',
                 printf('4.3.2 step 2: PMP does not let the entry at level %d, at 0x%x, be read: ', w.level, w.pa))
                 || guard.words || ': an access fault' FROM guard)
             WHEN 19 THEN (SELECT printf('3.7.1: PMP refuses to %s physical address 0x%x: ',
                 CASE w.access WHEN 0 THEN 'load from' WHEN 1 THEN 'store to' ELSE 'fetch from' END, w.pa) || guard.words
                 || ': an access fault' FROM guard)
             WHEN 20 THEN printf('3.6: %s physical address 0x%x: an access fault',
                 iif(w.access = 2, 'no code can be fetched (PMA) from', 'there is nothing at'), w.pa)
             WHEN 16 THEN 'software-managed TLB (satp.MODE 15): user mode may not use the supervisor''s window'
             ELSE printf('refusal %d, which this tarry does not know', w.refusal) END AS words FROM w),
     line(step, about, words) AS (
         SELECT 0, 'nothing', printf('no row of fault, trap, walk or tlb_stale has id %d', id) FROM wanted
             WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM x)
         UNION ALL SELECT 1, 'who', coalesce('pid ' || p.pid || coalesce(' ' || (SELECT name FROM program_view
                 WHERE proc = p.id AND id < x.id ORDER BY id DESC LIMIT 1), ''), 'no process that the trace knows')
                 || coalesce(', in ' || (SELECT name FROM enum_privilege WHERE id = x.mode) || ' mode', '')
                 || printf(', after %d instructions', x.insn)
             FROM x LEFT JOIN process AS p ON p.id = x.proc
         UNION ALL SELECT 2, 'access', coalesce((SELECT doc FROM enum_access WHERE id = x.access) || printf(' at 0x%x', x.va),
                 (SELECT doc FROM enum_exception WHERE id = x.code) || printf(', stval 0x%x', x.va))
                 || coalesce(', by the kernel for the call ' || (SELECT call FROM syscall_words
                     WHERE id = (SELECT cause FROM f) AND NOT EXISTS (SELECT 1 FROM t)), '') FROM x
         UNION ALL SELECT 3, 'instruction', printf('0x%x', x.pc) || coalesce(place.words, '')
             FROM x LEFT JOIN place ON place.image = x.image AND place.pc = x.pc WHERE x.pc <> 0 OR x.code IS NOT NULL
         UNION ALL SELECT 3, 'caller', printf('the function was called at 0x%x', f.caller) || coalesce(place.words, '')
             FROM f LEFT JOIN place ON place.image = f.image AND place.pc = f.caller WHERE f.caller > 0
         UNION ALL SELECT 4, 'translation', CASE
                 WHEN w.id IS NULL AND t.id IS NULL THEN 'the hart refused nothing: '
                     || iif(EXISTS (SELECT 1 FROM f), 'the kernel looked for the page itself', 'it went by an older translation')
                 WHEN t.code NOT IN (1, 5, 7, 12, 13, 15) THEN 'no page table refused this: it is no page fault'
                 WHEN w.id IS NULL THEN 'its page walk was not recorded: run again with --trace default,translation'
                 ELSE (SELECT name FROM enum_translation_mode WHERE id = w.mode) || coalesce((SELECT printf(
                     ', address space (ASID) %d', asid) || iif(mode IN (8, 9), printf(', root of the table at 0x%x', root), '') FROM sp WHERE mode = w.mode AND mode <> 0), '')
                     || iif(x.mode = 3 AND (w.mode <> 0 OR (w.refusal = 19 AND w.pmp & 128 = 0)), ', by mstatus.MPRV for the mode in MPP (3.1.6.3)', '')
                     || iif(w.mode = 0, ': the address is the physical one', '') END
             FROM x LEFT JOIN t LEFT JOIN w
         UNION ALL SELECT 10 - level, printf('level %d', level), printf('entry %d%s: 0x%016x = %s, ppn 0x%x: ', place,
                 iif(at IS NULL, '', printf(' at 0x%x', at)), pte, letters, ppn) || CASE WHEN pte & 1 = 0 THEN 'not valid'
                 WHEN pte & 10 THEN printf('a leaf, page of %s at 0x%x', name, ppn * 4096)
                 WHEN pte & 4 THEN 'reserved' ELSE printf('a pointer to the table at 0x%x', ppn * 4096) END
             FROM e JOIN decoded USING (pte) JOIN sizes USING (level)
         UNION ALL SELECT 10, 'TLB entry', printf('0x%016x = %s, ppn 0x%x', pte0, letters, pte0 >> 10 & 0xfffffffffff)
             FROM w JOIN decoded ON pte = pte0 WHERE mode = 15 AND pte0 <> 0
         UNION ALL SELECT 11, 'refused', words FROM why
         UNION ALL SELECT 12, 'TLB', coalesce((SELECT printf('it had one, written after %d instructions: ', insn)
                 || iif(coalesce(fence, 0) > coalesce(victim, 0), printf('the fence of sfence row %d dropped it', fence),
                        printf('that had to go for the one of stlb_write row %d', victim)) FROM wrote WHERE ours),
                 'the kernel has never written an entry of this page and ASID')
             FROM w WHERE w.refusal = 15 AND EXISTS (SELECT 1 FROM stlb_write)
         UNION ALL SELECT 13, 'wrong ASID', printf('the TLB has an entry of this page for ASID %d (written after %d instructions),'
                 || ' but satp has ASID %d', asid, insn, (SELECT asid FROM sp))
             FROM wrote WHERE NOT ours AND fence IS NULL AND victim IS NULL
         UNION ALL SELECT 12, 'stale', printf('a TLB entry was used that is not what the table says: 0x%016x = %s in the TLB,'
                 || ' 0x%016x = %s at 0x%x', st.pte, d.letters, st."table", n.letters, st.pte_pa)
             FROM st JOIN decoded AS d ON d.pte = st.pte JOIN decoded AS n ON n.pte = st."table"
         UNION ALL SELECT 13, 'fence', iif(changed_pc = 0, 'who changed the table is not known (a device, or long ago)',
                 printf('the table was changed at 0x%x%s, %d instructions before, and no sfence.vma of this page came since:'
                 || ' it is missing behind that (4.2.1)', changed_pc, coalesce((SELECT words FROM place
                     WHERE image = 1 AND pc = changed_pc), ''), insn - changed_insn)) FROM st
         UNION ALL SELECT 14, 'wrong ASID', printf('ASID %d had another page table before (root 0x%x, satp row %d) and no'
                 || ' sfence.vma of it came since: the TLB may hold that one''s entries (4.2.1)', asid, root, other.id)
             FROM other
         UNION ALL SELECT 15, 'segment', printf('%s, 0x%x to 0x%x', s.type, g.base, g.base + g.length - 1)
             FROM f JOIN segment AS g ON g.id = f.segment JOIN segment_view AS s ON s.id = g.id
         UNION ALL SELECT 16, 'kernel', printf('rule %s: %s', name, doc) FROM f JOIN enum_rule AS r ON r.id = f.rule
         UNION ALL SELECT 16, 'kernel', 'the trace does not say what the kernel made of it (only Tarry''s own does)'
             FROM t WHERE code IN (1, 5, 7, 12, 13, 15) AND NOT EXISTS (SELECT 1 FROM f)
         UNION ALL SELECT 17, 'outcome', printf('%s: %s', name, doc) || coalesce('; it took ' || f.dur || ' ns', '')
             FROM f JOIN enum_resolution AS r ON r.id = coalesce(f.resolution, 0)
         UNION ALL SELECT 18, 'note', n.text FROM f JOIN note_view AS n ON n.cause = f.id)
SELECT about, words FROM line ORDER BY step;
