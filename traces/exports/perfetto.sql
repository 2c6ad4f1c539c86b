-- SPDX-License-Identifier: GPL-2.0-only
-- title: The run as Chrome's trace events, for Perfetto's UI
-- question: What happened when, on a time line?
-- read: each row is one event in JSON. Times are virtual, in microseconds. One track per process with its system
--   calls, faults and fills inside each other; the hart's track shows who ran; disk requests are asynchronous slices;
--   counters show resident pages and bytes from and to the disk. Process 0 is the machine. Of a kernel that does not
--   describe its processes (xv6, Linux) there is one for each page table, with its system calls as asynchronous slices
--   and its page faults as instants; what had not returned when the run ended lasts until then.
SELECT json_object('ph', 'M', 'name', 'process_name', 'pid', 0, 'args', json_object('name', 'machine'))
UNION ALL SELECT json_object('ph', 'M', 'name', 'thread_name', 'pid', 0, 'tid', 0, 'args', json_object('name', 'hart'))
UNION ALL SELECT json_object('ph', 'M', 'name', 'process_name', 'pid', p.id, 'args',
    json_object('name', printf('%s (pid %d)', coalesce(s.text, '?'), p.pid)))
    FROM process AS p LEFT JOIN string AS s ON s.id = p.name
UNION ALL SELECT json_object('ph', 'M', 'name', 'thread_name', 'pid', p.id, 'tid', p.id, 'args',
    json_object('name', 'calls and faults')) FROM process AS p
UNION ALL SELECT json_object('ph', 'M', 'name', 'process_name', 'pid', root >> 12, 'args', json_object('name', printf('page table 0x%x', root)))
    FROM (SELECT root FROM ecall UNION SELECT root FROM page_trap);

WITH e AS (SELECT w.id, w.ts, coalesce(w.dur, (SELECT virtual_ns FROM run) - w.ts) AS lasted, w.root >> 12 AS pid, w.call, t.insn, t.result,
        coalesce(n.name, printf('call %d', t.number)) AS name
    FROM ecall_words AS w JOIN ecall AS t USING (id) LEFT JOIN ecall_name AS n USING (number))
SELECT json_object('ph', 'b', 'cat', 'ecall', 'id', id, 'name', name, 'pid', pid, 'tid', pid, 'ts', ts / 1000.0,
    'args', json_object('id', id, 'insn', insn, 'call', call, 'result', result)) FROM e
UNION ALL SELECT json_object('ph', 'e', 'cat', 'ecall', 'id', id, 'name', name, 'pid', pid, 'tid', pid,
    'ts', (ts + lasted) / 1000.0) FROM e
UNION ALL SELECT json_object('ph', 'i', 's', 't', 'cat', 'page fault', 'name', x.name, 'pid', t.root >> 12, 'tid', t.root >> 12,
    'ts', t.ts / 1000.0, 'args', json_object('id', t.id, 'insn', t.insn, 'va', printf('0x%x', t.va), 'pc', printf('0x%x', t.pc),
        'kernel', t."from" <> 0)) FROM page_trap AS t JOIN enum_exception AS x ON x.id = t.code;

WITH ends AS (SELECT virtual_ns AS ns FROM run),
     slices(id, cat, name, proc, ts, dur, args) AS (
    SELECT y.id, 'syscall', e.name, y.proc, y.ts, y.dur,
        json_object('id', y.id, 'insn', y.insn, 'result', y.result, 'instructions', y.insns)
        FROM syscall AS y LEFT JOIN enum_syscall AS e ON e.id = y.number
    UNION ALL SELECT f.id, 'fault', 'fault: ' || coalesce(r.name, 'unresolved'), f.proc, f.ts, f.dur,
        json_object('id', f.id, 'insn', f.insn, 'cause', f.cause, 'va', printf('0x%x', f.va), 'pc', printf('0x%x', f.pc),
            'access', a.name, 'segment', f.segment)
        FROM fault AS f LEFT JOIN enum_resolution AS r ON r.id = f.resolution
            LEFT JOIN enum_access AS a ON a.id = f.access
    UNION ALL SELECT l.id, 'fill', 'fill', l.proc, l.ts, l.dur,
        json_object('id', l.id, 'cause', l.cause, 'va', printf('0x%x', l.va), 'pieces', l.pieces, 'error', l.error)
        FROM fill AS l)
SELECT json_object('ph', 'X', 'cat', cat, 'name', coalesce(name, '?'), 'pid', proc, 'tid', proc, 'ts', ts / 1000.0,
    'dur', coalesce(dur, ns - ts) / 1000.0, 'args', json(args)) FROM slices, ends ORDER BY id;

SELECT json_object('ph', 'X', 'cat', 'process', 'name', coalesce(s.text, '?'), 'pid', p.id, 'tid', 0, 'ts', p.ts / 1000.0,
    'dur', coalesce(p.dur, (SELECT virtual_ns FROM run) - p.ts) / 1000.0,
    'args', json_object('id', p.id, 'pid', p.pid, 'parent', p.parent))
    FROM process AS p LEFT JOIN string AS s ON s.id = p.name ORDER BY p.id;

-- Who ran: from one change of the hart to the next.
WITH change AS (SELECT next AS proc, ts, lead(ts) OVER (ORDER BY id) AS until FROM sched)
SELECT json_object('ph', 'X', 'cat', 'sched', 'name', coalesce(s.text, printf('process %d', c.proc)), 'pid', 0, 'tid', 0,
    'ts', c.ts / 1000.0, 'dur', (coalesce(c.until, (SELECT virtual_ns FROM run)) - c.ts) / 1000.0, 'args', json_object())
    FROM change AS c LEFT JOIN process AS p ON p.id = c.proc LEFT JOIN string AS s ON s.id = p.name
    WHERE c.proc <> 0 ORDER BY c.ts;

WITH r AS (SELECT d.*, coalesce(d.dur, (SELECT virtual_ns FROM run) - d.ts) AS lasted,
        printf('%s %d sectors', coalesce(o.name, 'op'), d.sectors) AS title, c.name AS holds
    FROM disk_request AS d LEFT JOIN enum_disk_op AS o ON o.id = d.op LEFT JOIN enum_block_class AS c ON c.id = d.class)
SELECT json_object('ph', 'b', 'cat', 'disk', 'id', id, 'name', title, 'pid', 0, 'tid', 1 + disk, 'ts', ts / 1000.0,
    'args', json_object('id', id, 'cause', cause, 'sector', sector, 'holds', holds, 'queue_ns', queue_ns,
        'service_ns', service_ns, 'status', status)) FROM r
UNION ALL SELECT json_object('ph', 'e', 'cat', 'disk', 'id', id, 'name', title, 'pid', 0, 'tid', 1 + disk,
    'ts', (ts + lasted) / 1000.0) FROM r;

-- Pages by state: each change counts, and what a segment still held when it went.
WITH delta AS (SELECT segment, ts, id, ("new" = 2) - (old = 2) AS clean, ("new" = 3) - (old = 3) AS dirty,
        ("new" = 4) - (old = 4) AS swapped FROM page),
    gone AS (SELECT ts, id, clean, dirty, swapped FROM delta
        UNION ALL SELECT g.ts + g.dur, 9223372036854775807, -sum(d.clean), -sum(d.dirty), -sum(d.swapped)
        FROM delta AS d JOIN segment AS g ON g.id = d.segment WHERE g.dur IS NOT NULL GROUP BY g.id)
SELECT json_object('ph', 'C', 'name', 'pages', 'pid', 0, 'ts', ts / 1000.0, 'args', json_object(
    'clean', sum(clean) OVER w, 'dirty', sum(dirty) OVER w, 'swapped', sum(swapped) OVER w))
    FROM gone WINDOW w AS (ORDER BY ts, id ROWS UNBOUNDED PRECEDING);

SELECT json_object('ph', 'C', 'name', 'disk bytes', 'pid', 0, 'ts', (ts + coalesce(dur, 0)) / 1000.0, 'args', json_object(
    'read', sum(CASE WHEN op = 0 THEN sectors * 512 ELSE 0 END) OVER w,
    'written', sum(CASE WHEN op = 1 THEN sectors * 512 ELSE 0 END) OVER w))
    FROM disk_request WINDOW w AS (ORDER BY ts + coalesce(dur, 0), id);

SELECT json_object('ph', 'i', 's', 'p', 'cat', 'note', 'name', 'note: ' || coalesce(s.text, '?'), 'pid', n.proc,
    'tid', n.proc, 'ts', n.ts / 1000.0, 'args', json_object('id', n.id, 'cause', n.cause))
    FROM note AS n LEFT JOIN string AS s ON s.id = n.text ORDER BY n.id;
