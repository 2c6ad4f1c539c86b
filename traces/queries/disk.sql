-- SPDX-License-Identifier: GPL-2.0-only
-- title: Disk requests by operation and class
-- question: What was asked of the disks, how sequentially, and how long did it take?
-- read: one row per disk, operation and class of block (meta: tree nodes with checksums, inodes, directories,
--   superblocks). sequential: requests that began where the one before on the same disk ended. busy_ns: service time;
--   waited_ns: behind others.
WITH d AS (SELECT r.*, r.sector = (SELECT b.sector + b.sectors FROM disk_request AS b WHERE b.id < r.id AND b.disk = r.disk
                                   ORDER BY b.id DESC LIMIT 1) AS follows
           FROM disk_request AS r)
SELECT d.disk, coalesce(o.name, d.op) AS op, coalesce(c.name, d.class) AS class,
       count(*) AS requests, sum(d.sectors) AS sectors, sum(d.sectors) * 512 AS bytes,
       coalesce(sum(d.follows), 0) AS sequential, sum(d.status <> 0) AS failed,
       sum(d.service_ns) AS busy_ns, sum(d.queue_ns) AS waited_ns, max(d.dur) AS slowest_ns
FROM d LEFT JOIN enum_disk_op AS o ON o.id = d.op LEFT JOIN enum_block_class AS c ON c.id = d.class
GROUP BY d.disk, d.op, d.class ORDER BY d.disk, d.op, d.class;
