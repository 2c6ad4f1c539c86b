-- SPDX-License-Identifier: GPL-2.0-only
-- title: Fences that are missing
-- question: Which accesses were translated by a TLB entry that the page table no longer has, and who changed the table?
-- read: one row per entry, at its first wrong use, of a run with --stale-tlb. entry: the leaf that was used; page_table:
--   what it is now; changed_at: the instruction that changed it, behind which an sfence.vma is missing.
SELECT s.insn, printf('0x%x', s.pc) AS used_at, e.name AS access, printf('0x%x', s.va) AS va, s.asid,
       printf('0x%x', s.pte) AS entry, printf('0x%x', s."table") AS page_table,
       printf('0x%x', s.changed_pc) AS changed_at, s.changed_insn
FROM tlb_stale AS s JOIN enum_access AS e ON e.id = s.access ORDER BY s.id;
