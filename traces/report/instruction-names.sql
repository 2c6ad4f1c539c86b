-- SPDX-License-Identifier: GPL-2.0-only
-- title: The instructions that the map of faults names
-- question: Which instruction of which function, and of which source line, is it?
-- param limit (count): how many; default: all
-- read: one row per instruction of table instruction. place: the source line, if the program has DWARF, else function and
--   offset; text: its disassembly.
SELECT image, pc, coalesce(source, symbol) AS place, text FROM program_line
WHERE coalesce(source, symbol, text) IS NOT NULL ORDER BY image, address LIMIT coalesce(:limit, -1);
