-- SPDX-License-Identifier: GPL-2.0-only
-- title: A run in one row, to set policies side by side
-- question: What did this run cost under its policy, beside others?
-- read: one row per trace: tarry query A.db B.db C.db policies. asked: bytes that reads returned (pread calls that were
--   deferred, or copied from a file); disk_read, disk_written: bytes of the disks, metadata included; copied: bytes
--   between cache and memory, either way; skipped: bytes of writes that moved nothing (W1); preserved: blocks kept for
--   snapshots (W6). Compare runs of one program with one input only.
WITH t AS MATERIALIZED (SELECT boundary, sum(sum_bytes) AS bytes FROM transfer_total GROUP BY boundary),
     d AS MATERIALIZED (SELECT op, sum(events) AS n, sum(sum_sectors) * 512 AS bytes FROM disk_request_total
                         GROUP BY op)
SELECT r.program, r.arguments, r.io AS policy, r.disk_model, r.config, r.exit_status, r.instructions, r.virtual_ns,
       (SELECT coalesce(sum(events), 0) FROM syscall_total) AS syscalls,
       (SELECT coalesce(sum(events), 0) FROM fault_total) AS faults,
       (SELECT coalesce(sum(sum_dur), 0) FROM fault_total) AS fault_ns,
       (SELECT coalesce(sum(s.result), 0) FROM syscall AS s
        WHERE s.number = (SELECT id FROM enum_syscall WHERE name = 'pread') AND s.result > 0
          AND (EXISTS (SELECT 1 FROM source AS o WHERE o.cause = s.id AND o.kind IN (1, 3, 4))
            OR EXISTS (SELECT 1 FROM transfer AS e
                       WHERE e.cause = s.id AND e.boundary = 3 AND e.class = 0 AND e.file <> 0))) AS asked,
       coalesce((SELECT bytes FROM d WHERE op = 0), 0) AS disk_read,
       coalesce((SELECT bytes FROM d WHERE op = 1), 0) AS disk_written,
       (SELECT coalesce(sum(n), 0) FROM d) AS disk_requests,
       (SELECT coalesce(sum(bytes), 0) FROM t WHERE boundary IN (2, 3, 4)) AS copied,
       (SELECT coalesce(sum(bytes), 0) FROM t WHERE boundary = 5) AS skipped,
       (SELECT coalesce(sum(bytes), 0) / 4096 FROM t WHERE boundary = 6) AS preserved
FROM run AS r;
