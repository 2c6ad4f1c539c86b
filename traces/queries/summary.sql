-- SPDX-License-Identifier: GPL-2.0-only
-- title: What the run did, in one number each
-- question: What did this run cost, and what did it move?
-- read: one row per metric. bytes_asked: what reads of regular files returned (pread calls that were deferred, or
--   copied from a file; console, pipes and directories are left out). bytes_copied: bytes that crossed between cache
--   and memory: fills, conventional reads and writes. disk_sectors are of 512 bytes; `_meta` are those among them that
--   hold metadata (tree nodes with checksums, inodes, directories, superblocks). host_ns differs between equal runs. Of a
--   kernel that does not describe itself (tarry boot): syscalls are ecalls, faults are page faults as the machine delivered
--   them; what only a kernel can tell is 0.
WITH d AS MATERIALIZED (SELECT op, class, sum(events) AS n, sum(sum_sectors) AS sectors FROM disk_request_total GROUP BY op, class),
     t AS MATERIALIZED (SELECT boundary, sum(sum_bytes) AS bytes, sum(sum_pages) AS pages FROM transfer_total GROUP BY boundary)
SELECT 'instructions' AS metric, instructions AS value FROM run
UNION ALL SELECT 'virtual_ns', virtual_ns FROM run
UNION ALL SELECT 'host_ns', host_ns FROM run
UNION ALL SELECT 'exit_status', exit_status FROM run
UNION ALL SELECT 'processes', count(*) FROM process
UNION ALL SELECT 'syscalls', coalesce((SELECT sum(events) FROM syscall_total), (SELECT sum(events) FROM ecall_total), 0)
UNION ALL SELECT 'faults', coalesce((SELECT sum(events) FROM fault_total),
    (SELECT count(*) FROM trap WHERE code IN (12, 13, 15) AND root <> 0))
UNION ALL SELECT 'fills', count(*) FROM fill
UNION ALL SELECT 'snapshots', count(*) FROM snapshot
UNION ALL SELECT 'bytes_asked', coalesce(sum(s.result), 0) FROM syscall AS s
    WHERE s.number = (SELECT id FROM enum_syscall WHERE name = 'pread') AND s.result > 0
      AND (EXISTS (SELECT 1 FROM source AS o WHERE o.cause = s.id AND o.kind IN (1, 3, 4))
        OR EXISTS (SELECT 1 FROM transfer AS e WHERE e.cause = s.id AND e.boundary = 3 AND e.class = 0 AND e.file <> 0))
UNION ALL SELECT 'bytes_copied', coalesce(sum(bytes), 0) FROM t WHERE boundary IN (2, 3, 4)
UNION ALL SELECT 'pages_skipped', coalesce(sum(pages), 0) FROM t WHERE boundary = 5
UNION ALL SELECT 'blocks_preserved', coalesce(sum(bytes) / 4096, 0) FROM t WHERE boundary = 6
UNION ALL SELECT 'disk_requests', coalesce(sum(n), 0) FROM d
UNION ALL SELECT 'disk_sectors_read', coalesce(sum(sectors), 0) FROM d WHERE op = 0
UNION ALL SELECT 'disk_sectors_read_meta', coalesce(sum(sectors), 0) FROM d WHERE op = 0 AND class = 1
UNION ALL SELECT 'disk_sectors_written', coalesce(sum(sectors), 0) FROM d WHERE op = 1
UNION ALL SELECT 'disk_sectors_written_meta', coalesce(sum(sectors), 0) FROM d WHERE op = 1 AND class = 1
UNION ALL SELECT 'events', events FROM run;
