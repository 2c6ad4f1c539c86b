-- SPDX-License-Identifier: GPL-2.0-only
-- title: Disk requests by operation and class
-- question: What was asked of the disks, how sequentially, and how long did it take?
-- read: one row per disk, operation and class of block (meta: tree nodes with checksums, inodes, directories,
--   superblocks). sequential: requests that began where the one before on the same disk ended. busy_ns: service time;
--   waited_ns: behind others.
SELECT d.disk, coalesce(o.name, d.op) AS op, coalesce(c.name, d.class) AS class,
       sum(d.events) AS requests, sum(d.sum_sectors) AS sectors, sum(d.sum_sectors) * 512 AS bytes,
       sum(d.events * d.sequential) AS sequential, sum(d.ended * (d.status <> 0)) AS failed,
       sum(d.sum_service_ns) AS busy_ns, sum(d.sum_queue_ns) AS waited_ns, max(d.max_dur) AS slowest_ns
FROM disk_request_total AS d
LEFT JOIN enum_disk_op AS o ON o.id = d.op LEFT JOIN enum_block_class AS c ON c.id = d.class
GROUP BY d.disk, d.op, d.class ORDER BY d.disk, d.op, d.class;
