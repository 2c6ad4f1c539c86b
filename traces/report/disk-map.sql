-- SPDX-License-Identifier: GPL-2.0-only
-- title: Disk requests, address by time
-- question: What did the disks do, when, and in which order of addresses?
-- read: one row per request, oldest first. A straight rising line in the map is sequential; a cloud is random. A request is
--   served from ts + queue_ns on, for service_ns: the curves spread its bytes over that time.
SELECT id, ts, disk, sector, sectors, op, class, dur, queue_ns, service_ns, cause FROM disk_request ORDER BY id;
