-- SPDX-License-Identifier: GPL-2.0-only
-- title: Why a block was read or written
-- question: Which system call, fault or commit caused each request to the disk?
-- param sector (id): only requests that cover this sector of 512 bytes; default: all
-- param block (id): only requests that cover this disk block of 4096 bytes; default: all
-- param file: only transfers of this file: its path or its qid; default: all
-- param offset (bytes): only transfers that cover this byte of the file; default: all
-- param limit (count): at most so many rows; default: 50
-- read: one row per disk request, oldest first; `because` is the end of its chain of causes (request, transfer, fill,
--   fault or system call). `(no cause)` is work that the kernel does for itself; what it does to boot
--   and to stop, such as mounting, is for the first process.
WITH at(low, high) AS MATERIALIZED (SELECT coalesce(:sector, :block * 8), coalesce(:sector, :block * 8 + 7)),
     r AS ( -- by place through the index of sectors (no request is longer than 65536), or all in order
    SELECT d.* FROM at CROSS JOIN disk_request AS d
    WHERE (:sector IS NOT NULL OR :block IS NOT NULL) AND d.sector BETWEEN at.low - 65536 AND at.high
      AND (:sector IS NULL OR :sector BETWEEN d.sector AND d.sector + d.sectors - 1)
      AND (:block IS NULL OR (:block * 8 < d.sector + d.sectors AND :block * 8 + 8 > d.sector))
    UNION ALL SELECT d.* FROM disk_request AS d WHERE :sector IS NULL AND :block IS NULL),
     d AS MATERIALIZED (
    SELECT d.*, t.id AS transfer, t.file, t.offset, t.bytes, coalesce(t.cause, d.cause) AS parent
    FROM r AS d LEFT JOIN transfer AS t ON t.id = d.cause
    WHERE (:file IS NULL OR t.file = :file OR t.file IN (SELECT qid FROM file_view WHERE name = :file UNION SELECT file FROM program_view WHERE name = :file))
      AND (:offset IS NULL OR :offset BETWEEN t.offset AND t.offset + t.bytes - 1)
    ORDER BY d.id LIMIT coalesce(:limit, 50)),
     w AS (
    SELECT d.*, fi.id AS fill, coalesce(fi.cause, d.parent) AS reason FROM d LEFT JOIN fill AS fi ON fi.id = d.parent)
SELECT w.id AS request, w.ts,
       (SELECT name FROM enum_disk_op WHERE id = w.op) AS op,
       (SELECT name FROM enum_block_class WHERE id = w.class) AS class,
       w.sector, w.sectors, w.transfer,
       coalesce((SELECT name FROM file_view WHERE qid = w.file ORDER BY id LIMIT 1),
           (SELECT name FROM program_view WHERE file = w.file ORDER BY id LIMIT 1)) AS file, w.offset, w.fill,
       coalesce(
           (SELECT printf('fault %d: %s of %s by pid %d %s at pc %s',
                           f.id, f.access, f.va, f.proc_pid, f.proc_name, f.pc)
                || coalesce((SELECT ', in ' || s.number || ' ' || s.id FROM syscall_view AS s WHERE s.id = f.cause), '')
            FROM fault_view AS f WHERE f.id = w.reason),
           (SELECT printf('syscall %d: %s by pid %d %s at pc %s', s.id, s.number, s.proc_pid, s.proc_name, s.pc)
            FROM syscall_view AS s WHERE s.id = w.reason),
           (SELECT printf('commit %d of epoch %d', c.id, c.epoch)
                || coalesce((SELECT ', in ' || s.number || ' ' || s.id FROM syscall_view AS s WHERE s.id = c.cause), '')
            FROM "commit" AS c WHERE c.id = w.reason),
           (SELECT printf('the kernel, for process %d (pid %d): before its program or after its end', p.id, p.pid)
            FROM process AS p WHERE p.id = w.reason),
           CASE w.reason WHEN 0 THEN '(no cause)'
                         ELSE (SELECT kind || ' ' || id FROM event WHERE id = w.reason) END) AS because
FROM w ORDER BY w.id;
