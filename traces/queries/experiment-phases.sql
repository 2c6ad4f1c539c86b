-- SPDX-License-Identifier: GPL-2.0-only
-- title: Experiment: what a program cost between its calls of nsec
-- question: What happened in each phase of a program that marks its phases by calls of nsec?
-- read: one row per phase of the first process that calls nsec: 0 until its first call, 1 from there to the second,
--   and so on; what other processes did meanwhile counts, too. Of pages and sources those of deferred segments:
--   filled from a source, zeroed (first touch of nothing), detached (became dirty). preserved: blocks kept for
--   snapshots (W6). snapshots: alive when the phase ended.
WITH p AS (SELECT coalesce(
         (SELECT proc FROM syscall WHERE number = (SELECT id FROM enum_syscall WHERE name = 'nsec')
             ORDER BY id LIMIT 1),
         (SELECT min(id) FROM process)) AS proc),
     m AS (SELECT row_number() OVER (ORDER BY id) AS phase, id, insn, ts FROM syscall
           WHERE proc = (SELECT proc FROM p) AND number = (SELECT id FROM enum_syscall WHERE name = 'nsec')
           UNION ALL SELECT 0, min(id), min(insn), min(ts) FROM process WHERE id = (SELECT proc FROM p)),
     w AS MATERIALIZED (SELECT phase, id, insn, ts,
         coalesce(lead(id) OVER (ORDER BY phase), 9223372036854775807) AS until,
         coalesce(lead(insn) OVER (ORDER BY phase), (SELECT instructions FROM run)) AS until_insn,
         coalesce(lead(ts) OVER (ORDER BY phase), (SELECT virtual_ns FROM run)) AS until_ts FROM m),
     g AS MATERIALIZED (SELECT id FROM segment WHERE type = (SELECT id FROM enum_segment_type WHERE name = 'defer'))
SELECT w.phase,
       (SELECT count(*) FROM syscall WHERE id > w.id AND id < w.until) AS syscalls,
       (SELECT count(*) FROM fault WHERE id > w.id AND id < w.until) AS faults,
       (SELECT count(*) FROM fill WHERE id > w.id AND id < w.until AND segment IN g) AS filled,
       (SELECT count(*) FROM fault WHERE id > w.id AND id < w.until AND resolution = 1 AND segment IN g) AS zeroed,
       (SELECT count(*) FROM page
        WHERE id > w.id AND id < w.until AND "new" = 3 AND old <> 3 AND segment IN g) AS detached,
       (SELECT coalesce(sum(sectors), 0) FROM disk_request
        WHERE id > w.id AND id < w.until AND op = 0) AS sectors_read,
       (SELECT coalesce(sum(sectors), 0) FROM disk_request
        WHERE id > w.id AND id < w.until AND op = 1) AS sectors_written,
       (SELECT count(*) FROM transfer WHERE id > w.id AND id < w.until AND boundary = 6) AS preserved,
       (SELECT count(DISTINCT n.id) FROM source AS o JOIN snapshot AS n ON n.id = o.snapshot
        WHERE o.segment IN g AND n.id < w.until AND (n.dur IS NULL OR n.ts + n.dur >= w.until_ts)) AS snapshots,
       w.until_insn - w.insn AS instructions, w.until_ts - w.ts AS ns
FROM w ORDER BY w.phase;
