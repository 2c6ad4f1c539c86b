-- SPDX-License-Identifier: GPL-2.0-only
-- title: Time lost, and waiting for what
-- question: How long did each process run, could not run because others did, or wait, and for what?
-- param proc (id): only this process; default: all
-- read: one row per process and state, in the order of the processes, the longest first. state: running (it had the
--   hart, its faults and system calls included), ready (it could have run), or blocked, with what it waited for
--   (enum_wait): disk, a block or lock that another had, pipe, child, timer ... percent is of the time from its
--   beginning until it gave the hart up for the last time (the kernel's work to end it is its own). times: how often.
--   max_ns: the longest.
WITH s AS MATERIALIZED (
         SELECT proc, state, wait, sum(times) AS n, sum(sum_dur) AS ns, max(max_dur) AS longest
         FROM process_time_total WHERE :proc IS NULL OR proc = :proc GROUP BY proc, state, wait)
SELECT p.id AS proc, p.pid, coalesce(p.name,
           (SELECT g.name FROM program_view AS g WHERE g.proc = p.id ORDER BY g.id DESC LIMIT 1)) AS program,
       (SELECT name FROM enum_process_state WHERE id = s.state) AS state,
       CASE s.state WHEN 2 THEN (SELECT name FROM enum_wait WHERE id = s.wait) END AS waiting_for, s.n AS times, s.ns AS total_ns,
       round(100.0 * s.ns / max(1, sum(s.ns) OVER (PARTITION BY s.proc)), 1) AS percent, s.longest AS max_ns
FROM s JOIN process_view AS p ON p.id = s.proc ORDER BY s.proc, s.ns DESC, s.state, s.wait;
