/* SPDX-License-Identifier: GPL-2.0-only */
/* What the block cache has done. */
#include "buf.h"
#include "trace.h"

Cachestat cachestat;

void tracecache(enum ev_enum_cache_moment why, uint64_t count)
{
    const Cachestat *s = &cachestat;
    TRACE(cache, .why = why, .count = count, .frames = cacheframes(), .dirty = dirtybufs.n,
          .hits = s->hits[TFS_DATA], .meta_hits = s->hits[TFS_META], .misses = s->misses, .ahead = s->ahead,
          .reads = s->reads, .written = s->written, .writes = s->writes, .evicted = s->evicted);
}

void cacheend(void)
{
    tracecache(EV_cache_moment_end, 0);
}
