-- SPDX-License-Identifier: GPL-2.0-only
-- title: The faults that took longest
-- question: Which faults were slow, and was it the disk?
-- param limit (count): how many; default: 20
-- read: one row per fault, slowest first, in virtual ns. disk_ns: time of the disk requests that it caused, waiting
--   included. `tarry query DB explain-fault --fault ID` shows one in full.
WITH f AS MATERIALIZED (SELECT id FROM fault WHERE dur IS NOT NULL ORDER BY dur DESC, id LIMIT coalesce(:limit, 20)),
     fi AS (SELECT f.id AS fault, x.id FROM f JOIN fill AS x ON x.cause = f.id UNION ALL SELECT id, id FROM f),
     t AS (SELECT fi.fault, x.id FROM fi JOIN transfer AS x ON x.cause = fi.id UNION ALL SELECT fault, id FROM fi),
     d AS (SELECT t.fault, count(*) AS n, sum(x.dur) AS ns
           FROM t JOIN disk_request AS x ON x.cause = t.id GROUP BY t.fault)
SELECT v.id, v.dur, v.proc_pid AS pid, v.proc_name AS program, v.pc, v.va, v.access, s.type AS segment,
       v.resolution, v.in_kernel, coalesce(d.n, 0) AS disk_requests, coalesce(d.ns, 0) AS disk_ns
FROM f JOIN fault_view AS v ON v.id = f.id LEFT JOIN segment_view AS s ON s.id = v.segment LEFT JOIN d ON d.fault = f.id
ORDER BY v.dur DESC, v.id;
