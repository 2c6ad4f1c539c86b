-- SPDX-License-Identifier: GPL-2.0-only
-- title: The invariants of a trace
-- question: Does the trace keep every rule that it must keep?
-- read: one row per invariant; violations must be 0. `select * from NAME` lists the rows that break one.
WITH c(name, violations) AS (
    SELECT 'check_id', (SELECT count(*) FROM check_id)
    UNION ALL SELECT 'check_order', (SELECT count(*) FROM check_order)
    UNION ALL SELECT 'check_cause', (SELECT count(*) FROM check_cause)
    UNION ALL SELECT 'check_fault_resolution', (SELECT count(*) FROM check_fault_resolution)
    UNION ALL SELECT 'check_fault_cause', (SELECT count(*) FROM check_fault_cause)
    UNION ALL SELECT 'check_fill_cause', (SELECT count(*) FROM check_fill_cause)
    UNION ALL SELECT 'check_disk_request_cause', (SELECT count(*) FROM check_disk_request_cause)
    UNION ALL SELECT 'check_disk_bytes', (SELECT count(*) FROM check_disk_bytes)
    UNION ALL SELECT 'check_segment', (SELECT count(*) FROM check_segment)
    UNION ALL SELECT 'check_snapshot', (SELECT count(*) FROM check_snapshot)
    UNION ALL SELECT 'check_snapshot_released', (SELECT count(*) FROM check_snapshot_released)
    UNION ALL SELECT 'check_skip', (SELECT count(*) FROM check_skip)
    UNION ALL SELECT 'check_page_state', (SELECT count(*) FROM check_page_state))
SELECT c.name AS "check", c.violations, d.description AS rule
FROM c LEFT JOIN doc AS d ON d."table" = c.name AND d."column" = '';
