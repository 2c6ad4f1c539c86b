-- SPDX-License-Identifier: GPL-2.0-only
-- title: How long faults took
-- question: How are the durations of faults distributed, by the way they were resolved?
-- read: one row per fault that ended. The curve says for each duration which share of the faults took no longer.
SELECT resolution, dur FROM fault WHERE dur IS NOT NULL;
