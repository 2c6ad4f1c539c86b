/* SPDX-License-Identifier: GPL-2.0-only */
/* The lives of snapshots: one bar each, from the read that took it to its release; its colour says what it pinned. */
const MOST_BARS = 200;

class SnapshotPainter {
    constructor() {
        this.key = el("ul", {class: "key"});
    }

    all(run) {
        if (!run.snapshots) {
            const rows = objects(run.tables.snapshots);
            const keep = new Set([...rows].sort((a, b) => (b.pinned_blocks || 0) - (a.pinned_blocks || 0) || (b.life_ns || 1e18) - (a.life_ns || 1e18))
                .slice(0, MOST_BARS));
            run.snapshots = rows.filter(r => keep.has(r));
            run.snapshotsLeft = rows.length - run.snapshots.length + (run.tables.snapshots.more || 0);
        }
        return run.snapshots;
    }

    /* One band for each. */
    bands(run) {
        return this.all(run).map((s, i) => ({id: s.id, lo: 0, hi: 0, snapshot: s, number: i,
            label: `${(s.file || `file ${s.qid}`).split("/").pop()} (${s.id})`, sub: `${words.bytes(s.length)}, ${plural(s.pinned_blocks || 0, "block")} pinned`}));
    }

    paint(g, map, c) {
        const most = Math.max(1, ...this.all(map.run).map(s => s.pinned_blocks || 0));
        for (const b of map.bands) {
            const s = b.snapshot, x0 = map.x(s.taken_ns), x1 = map.x(s.life_ns == null ? map.run.span : s.taken_ns + s.life_ns);
            const y0 = map.y(b.u0), h = map.y(b.u1) - y0, pinned = s.pinned_blocks || 0, gap = Math.min(3, h * 0.15);
            g.fillStyle = this.colour(c, pinned, most);
            g.fillRect(x0, y0 + gap, Math.max(3, x1 - x0), Math.max(1, h - 2 * gap));
            if (s.life_ns == null) { /* it outlived the run */
                g.fillStyle = c.hues[1];
                g.fillRect(x1 - 3, y0 + gap, 3, Math.max(1, h - 2 * gap));
            }
        }
        const steps = [...new Set([0, 1, Math.round(Math.sqrt(most)), most])].filter(n => n === 0 || this.all(map.run).some(s => s.pinned_blocks >= n));
        this.key.replaceChildren(...keyOf([...steps.map(n => [this.colour(c, n, most), n ? `pinned ${plural(n, "block")}` : "pinned nothing"]),
            ...(this.all(map.run).some(s => s.life_ns == null) ? [[c.hues[1], "at the end of a bar: not released when the trace ended"]] : [])]));
    }

    colour(c, pinned, most) {
        return pinned > 0 ? ramp(c, 0.34 + 0.65 * Math.log(pinned) / Math.log(Math.max(2, most))) : c.ramp[1];
    }

    explain(map, x, y) {
        const b = map.bandAt(y);
        if (!b) return null;
        const s = b.snapshot;
        return [`snapshot ${s.id} of ${s.file || `file ${s.qid}`} (${words.bytes(s.length)})`, `taken at ${words.ns(s.taken_ns)} for ${s.program || "?"} (pid ${s.pid})`,
            s.life_ns == null ? "not released when the trace ended" : `lived ${words.ns(s.life_ns)}`,
            `${plural(s.sources, "range")} of segments took ${words.bytes(s.source_bytes)} from it`,
            s.pinned_blocks == null ? "blocks pinned: not known" : `${plural(s.pinned_blocks, "block")} pinned (${words.bytes(s.pinned_blocks * 4096)})`];
    }
}
