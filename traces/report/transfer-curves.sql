-- SPDX-License-Identifier: GPL-2.0-only
-- title: Bytes moved, over time
-- question: How much was moved across each boundary by when?
-- read: one row per transfer, oldest first; boundary: enum_boundary, output: 1 towards the disk. The curves add bytes up:
--   read from disk (boundary 0 inwards), brought into the program's memory (2 copy, 3 eager, 8 lend), written (boundary 0
--   outwards), skipped (5), read back from swap and written to it (7).
SELECT ts, boundary, output, bytes FROM transfer ORDER BY id;
