-- SPDX-License-Identifier: GPL-2.0-only
-- title: One fault, with all that led to it and all that it led to
-- question: Why did this fault happen, where did its bytes come from, and what did it cost?
-- param fault (id): id of the fault; default: the one that took longest
-- read: from top to bottom: who and where (process, segment, the read that gave the page its source), what raised it
--   (trap or system call), the fault, then what it caused. Times in virtual ns; `after_ns` counts from the fault.
WITH RECURSIVE f AS MATERIALIZED (
         SELECT * FROM fault WHERE id = coalesce(:fault, (SELECT id FROM fault ORDER BY dur DESC, id LIMIT 1))),
     g(segment, until) AS ( -- the segment, and those that it was forked from until then
         SELECT segment, id FROM f
         UNION ALL SELECT s.parent, s.id FROM g JOIN segment AS s ON s.id = g.segment WHERE s.parent <> 0),
     o AS MATERIALIZED ( -- the newest source of the faulting page before the fault
         SELECT o.* FROM f, g JOIN source AS o ON o.segment = g.segment AND o.id < g.until
         WHERE o.va <= (f.va | 4095) AND o.va + o.length > (f.va & ~4095)
         ORDER BY o.id DESC LIMIT 1),
     fi AS MATERIALIZED (SELECT * FROM fill WHERE cause IN (SELECT id FROM f)),
     t AS MATERIALIZED (SELECT * FROM transfer WHERE cause IN (SELECT id FROM f UNION ALL SELECT id FROM fi)),
     a AS MATERIALIZED (SELECT id FROM f UNION ALL SELECT id FROM fi UNION ALL SELECT id FROM t),
     c AS (
         SELECT 1 AS step, 'process' AS kind, p.id, p.ts, p.dur, printf('pid %d %s', p.pid, coalesce(p.name,
                 (SELECT g.name FROM program_view AS g WHERE g.proc = p.id ORDER BY g.id DESC LIMIT 1))) AS what
             FROM process_view AS p JOIN f ON p.id = f.proc
         UNION ALL SELECT 2, 'segment', s.id, s.ts, s.dur,
             printf('%s segment, reads %s, %s + %d bytes', s.type, s.policy, s.base, s.length)
             FROM segment_view AS s JOIN f ON s.id = f.segment
         UNION ALL SELECT 3, 'snapshot', n.id, n.ts, n.dur,
             printf('of file %d%s, %d bytes, %s blocks preserved', n.file,
                 coalesce((SELECT ' ' || name FROM file_view WHERE qid = n.file ORDER BY id LIMIT 1), ''),
                 n.length, coalesce(n.preserved, 'unknown number of'))
             FROM snapshot AS n JOIN o ON n.id = o.snapshot AND o.kind = 1
         UNION ALL SELECT 4, 'source', o.id, o.ts, NULL,
             printf('%s from offset %d, %s + %d bytes; %s', o.kind, o.offset, o.va, o.length,
                 coalesce((SELECT 'by ' || number || ' ' || id FROM syscall_view WHERE id = o.cause), 'no system call'))
             FROM source_view AS o WHERE o.id = (SELECT id FROM o)
         UNION ALL SELECT 5, 'trap', t.id, t.ts, NULL, printf('%s at pc %s, stval %s', t.code, t.pc, t.tval)
             FROM trap_view AS t JOIN f ON t.id = f.cause
         UNION ALL SELECT 5, 'syscall', s.id, s.ts, s.dur,
             printf('%s(%s, %s, %s, %s) = %s', s.number, s.a0, s.a1, s.a2, s.a3, coalesce(s.error, s.result, '?'))
             FROM syscall_view AS s JOIN f ON s.id = f.cause
         UNION ALL SELECT 6, 'fault', v.id, v.ts, v.dur,
             printf('%s of %s by pc %s: %s%s', v.access, v.va, v.pc, coalesce(v.resolution, '(open)'),
                 iif(v.in_kernel, ', in the kernel', '') || iif(f.caller > 0, printf(', for the call at 0x%x', f.caller)
                     || coalesce(' (' || (SELECT coalesce(source, symbol) FROM program_line AS l
                         WHERE l.image = f.image AND l.address = f.caller) || ')', ''), ''))
             FROM fault_view AS v JOIN f ON v.id = f.id
         UNION ALL SELECT 7, 'fill', v.id, v.ts, v.dur,
             printf('page %s from %d pieces, error %s', v.va, v.pieces, coalesce(v.error, '?'))
             FROM fill_view AS v WHERE v.id IN (SELECT id FROM fi)
         UNION ALL SELECT 7, 'transfer', v.id, v.ts, NULL,
             printf('%s %s, %d bytes, file %d offset %d, block %d', v.boundary, v.class, v.bytes, v.file, v.offset,
                 v.block)
             FROM transfer_view AS v WHERE v.id IN (SELECT id FROM t)
         UNION ALL SELECT 7, 'disk_request', v.id, v.ts, v.dur,
             printf('%s %s, sectors %d + %d, waited %d, served in %d ns, status %s', v.op, v.class, v.sector,
                 v.sectors, v.queue_ns, v.service_ns, coalesce(v.status, '?'))
             FROM disk_request_view AS v
             WHERE v.id IN (SELECT id FROM disk_request WHERE cause IN (SELECT id FROM a))
         UNION ALL SELECT 7, 'page', v.id, v.ts, NULL, printf('%s becomes %s', v.old, v.new)
             FROM page_view AS v WHERE v.id IN (SELECT id FROM page WHERE cause IN (SELECT id FROM a))
         UNION ALL SELECT 7, 'note', v.id, v.ts, NULL, v.text
             FROM note_view AS v WHERE v.cause IN (SELECT id FROM a))
SELECT kind, id, ts - (SELECT ts FROM f) AS after_ns, dur, what FROM c ORDER BY step, id;
