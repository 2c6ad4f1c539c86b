/* SPDX-License-Identifier: GPL-2.0-only */
/* The map of the disks' requests: address by time. */
const diskKinds = [["read", 0], ["written", 1], ["flush", 6], ["other", 3]];

class DiskPainter {
    constructor() {
        this.key = el("ul", {class: "key"});
    }

    bands(run) {
        if (run.diskBands) return run.diskBands;
        const extent = new Map(), c = run.disk, height = 2 ** c.rowShift;
        for (let i = 0; i < c.n; i++) {
            if (c.kind[i] > 1) continue; /* a flush has no address */
            const lo = c.row[i] * height, hi = Math.max(lo + height - 1, lo + Math.ceil(c.sum[i] / c.count[i] / 8) - 1), e = extent.get(c.band[i]);
            extent.set(c.band[i], e ? [Math.min(e[0], lo), Math.max(e[1], hi)] : [lo, hi]);
        }
        run.diskBands = [...extent].map(([id, [lo, hi]]) => ({id, lo, hi, label: `disk ${id}`, sub: `blocks ${digits(lo)}–${digits(hi)}`}));
        return run.diskBands;
    }

    paint(g, map, c) {
        const cells = map.run.disk, width = 2 ** cells.colShift, height = 2 ** cells.rowShift, used = [0, 0, 0, 0];
        const byId = new Map(map.bands.map(b => [b.id, b]));
        this.spots = new Spots(map, cells.n);
        for (let i = 0; i < cells.n; i++) {
            const band = byId.get(cells.band[i]), kind = cells.kind[i];
            if (!band) continue;
            const block = kind > 1 ? band.lo : cells.row[i] * height, blocks = Math.max(height, cells.sum[i] / cells.count[i] / 8);
            const t = cells.col[i] * width, x0 = map.x(t), x1 = map.x(t + Math.max(width, cells.count[i] === 1 ? cells.max[i] : 0));
            const y0 = map.yOf(band, block), y1 = kind > 1 ? map.yOf(band, band.hi + 1) : map.yOf(band, block + blocks);
            if (x1 < map.left || x0 > map.right || y1 < map.top || y0 > map.bottom) continue;
            used[kind] += cells.count[i];
            g.fillStyle = c.hues[diskKinds[kind][1]];
            g.globalAlpha = kind > 1 ? 0.5 : this.share(cells, i);
            const mark = [x0, y0, x1 - x0, y1 - y0];
            map.enlarge(mark, kind > 1 ? 1 : cells.n < 2000 ? 5 : 3);
            g.fillRect(...mark);
            this.spots.add(i, Math.min(Math.max(x0 + 1, map.left), map.right - 1), kind > 1 ? map.y(band.u0) + 2 : (Math.max(y0, map.top) + Math.min(y1, map.bottom)) / 2, cells.count[i]);
        }
        g.globalAlpha = 1;
        this.key.replaceChildren(...keyOf(diskKinds.map(([name, hue], k) => [c.hues[hue], `${name} (${words.count(used[k])})`]).filter((_, k) => used[k] > 0)));
    }

    /* Of a cell's requests that are of its kind, if those of another kind are drawn at the same place before it. */
    share(cells, i) {
        const same = i > 0 && cells.band[i - 1] === cells.band[i] && cells.row[i - 1] === cells.row[i] && cells.col[i - 1] === cells.col[i];
        return same ? cells.count[i] / (cells.count[i] + cells.count[i - 1]) : 1;
    }

    explain(map, x, y) {
        const cells = map.run.disk, near = this.spots ? this.spots.near(x, y) : [];
        if (near.length === 0) return null;
        const count = near.reduce((n, i) => n + cells.count[i], 0), sectors = near.reduce((n, i) => n + cells.sum[i], 0);
        const first = near.reduce((a, b) => cells.id[a] < cells.id[b] ? a : b), height = 2 ** cells.rowShift;
        return [`disk ${cells.band[first]}, from block ${digits(cells.row[first] * height)}`, timeLine(cells, first),
            `${plural(count, "request")} (${[...new Set(near.map(i => diskKinds[cells.kind[i]][0]))].join(", ")}), ${words.bytes(sectors * 512)}; ` +
            `${count > 1 ? "the longest " : ""}${words.ns(Math.max(...near.map(i => cells.max[i])))}`,
            `${count > 1 ? "the first: " : ""}request ${cells.id[first]}, caused by ${cells.cause[first] ? `event ${cells.cause[first]}` : "the kernel itself"}`,
            height === 1 && cells.kind[first] < 2 ? `tarry query ${map.run.label} why-block --block ${cells.row[first]}`
                : `tarry query ${map.run.label} "select * from disk_request_view where id = ${cells.id[first]}"`];
    }
}
