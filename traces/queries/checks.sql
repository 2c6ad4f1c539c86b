-- SPDX-License-Identifier: GPL-2.0-only
-- title: The invariants of a trace
-- question: Does the trace keep every rule that it must keep?
-- param events (count): how many events are looked at; default: 2 million, which takes seconds
-- param from (id): the first of them; default: 0
-- read: one row per invariant; violations must be 0. `select * from NAME` lists the rows that break one. Of a trace with
--   more events than were looked at the rest is not judged: give more, or another part. (check_id counts all.)
WITH part AS MATERIALIZED (
         SELECT coalesce(:from, 0) AS low, coalesce(:from, 0) + coalesce(:events, 2000000) - 1 AS high, events FROM run),
     c(name, violations) AS (
    SELECT 'check_id', (SELECT count(*) FROM check_id)
    UNION ALL SELECT 'check_order', (SELECT count(*) FROM check_order
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_cause', (SELECT count(*) FROM check_cause
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_fault_resolution', (SELECT count(*) FROM check_fault_resolution
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_fault_cause', (SELECT count(*) FROM check_fault_cause
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_fault_evidence', (SELECT count(*) FROM check_fault_evidence
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_fill_cause', (SELECT count(*) FROM check_fill_cause
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_transfer_cause', (SELECT count(*) FROM check_transfer_cause
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_kernel_fault_cause', (SELECT count(*) FROM check_kernel_fault_cause
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_wake', (SELECT count(*) FROM ( -- the view would look at all
        SELECT state, lag(state) OVER (PARTITION BY proc ORDER BY id) AS before FROM process_change
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
        WHERE (SELECT whole FROM run)
          AND ((state = 0 AND before <> 2) OR (state = 1 AND before NOT IN (0, 4)) OR (state >= 2 AND before <> 1)))
    UNION ALL SELECT 'check_disk_request_cause', (SELECT count(*) FROM check_disk_request_cause
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_disk_bytes', (SELECT count(*) FROM check_disk_bytes
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_segment', (SELECT count(*) FROM check_segment
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_snapshot', (SELECT count(*) FROM check_snapshot
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_snapshot_released', (SELECT count(*) FROM check_snapshot_released
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_skip', (SELECT count(*) FROM check_skip
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1)
    UNION ALL SELECT 'check_page_state', (SELECT count(*) FROM check_page_state
        WHERE id BETWEEN coalesce(:from, 0) AND coalesce(:from, 0) + coalesce(:events, 2000000) - 1))
SELECT c.name AS "check", c.violations, d.description AS rule,
       CASE c.name WHEN 'check_id' THEN part.events ELSE max(0, min(part.high, part.events) - max(part.low, 1) + 1) END AS looked_at,
       part.events AS of_events
FROM c CROSS JOIN part LEFT JOIN doc AS d ON d."table" = c.name AND d."column" = '';
