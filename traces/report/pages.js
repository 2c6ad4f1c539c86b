/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of pages: faults, and states. Their bands are the segments in which anything happened. */
const MOST_PAGES = 2 ** 52;

for (const run of runs) {
    run.faults = unpackCells(run.maps.faults, true);
    run.states = unpackCells(run.maps.states, false);
    run.disk = unpackCells(run.maps.disk, true);
}

/* Addresses without a segment are far apart: they get one row each, in order. */
function strayRows(run) {
    const rows = [];
    for (let i = 0; i < run.faults.n && run.faults.band[i] === 0; i++)
        if (rows[rows.length - 1] !== run.faults.row[i]) rows.push(run.faults.row[i]);
    return rows;
}

/* The segments of a run as bands, with the pages in which anything happened; chosen.process narrows them. */
const chosen = {process: 0};

function segmentBands(run) {
    if (run.bandsOf === chosen.process && run.bands) return run.bands;
    const extent = new Map();
    run.stray = strayRows(run);
    for (const cells of [run.faults, run.states]) {
        const height = 2 ** cells.rowShift;
        for (let i = 0; i < cells.n; i++) {
            const lo = cells.row[i] * height, hi = Math.min(MOST_PAGES, lo + height - 1), e = extent.get(cells.band[i]);
            if (!e) extent.set(cells.band[i], [lo, hi]);
            else {
                if (lo < e[0]) e[0] = lo;
                if (hi > e[1]) e[1] = hi;
            }
        }
    }
    const bands = [];
    for (const [id, [lo, hi]] of extent) {
        const s = run.segments.get(id);
        if (chosen.process && (!s || s.proc !== chosen.process)) continue;
        const last = s ? Math.max(0, Math.ceil(s.length / 4096) - 1) : hi;
        bands.push(id === 0 ? {id, label: "no segment", sub: plural(run.stray.length, "page"), lo: 0, hi: run.stray.length - 1, order: [1e18, 0]}
            : {id, segment: s, lo, hi: Math.max(lo, hi > last && lo <= last ? last : hi), order: s ? [s.proc, Number(s.base)] : [1e17, id],
                label: s ? run.foreign ? `${s.program.slice(5)} ${s.type}` : `${nameOf(s)}: ${s.type}` : `segment ${id}`, sub: ""});
    }
    for (const b of bands)
        if (b.id !== 0) b.sub = b.lo === b.hi ? `page ${b.lo}` : `pages ${digits(b.lo)}–${digits(b.hi)}`;
    bands.sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1]);
    run.bands = bands;
    run.bandsOf = chosen.process;
    return bands;
}

function nameOf(s) {
    const program = (s.program || "process").split("/").pop();
    return s.pid == null ? program : `${program} ${s.pid}`;
}

function segmentLine(band) {
    const s = band.segment;
    if (!s) return band.id ? `segment ${band.id}` : "no segment holds this address";
    if (s.pid == null && !s.policy) return `${s.program}, ${s.type}: ${words.bytes(s.length)}`;
    return `segment ${band.id}: ${s.type} of ${s.program || "?"} (pid ${s.pid}), reads ${s.policy}, ${words.bytes(s.length)} from ${s.base}`;
}

/* A page of a band, or pages up to and with `last`, with addresses. */
function pageLine(run, band, first, last) {
    if (band.id === 0) return `page at ${words.hex(BigInt(run.stray[first] * 2 ** run.faults.rowShift) << 12n)}`;
    const va = p => band.segment ? words.hex(BigInt(band.segment.base) + (BigInt(p) << 12n)) : "?";
    return first >= last ? `page ${first}, va ${va(first)}` : `pages ${first} to ${last}, va ${va(first)} to ${va(last + 1)}`;
}

function timeLine(cells, i) {
    const width = 2 ** cells.colShift, t = cells.col[i] * width;
    return width < 1000 ? `at ${words.ns(t)} (${digits(t)} ns)` : `from ${words.ns(t)}, for at most ${words.ns(width)}`;
}

/* ---- faults ---- */

const faultModes = [["kind", "how they were resolved"], ["count", "how many"], ["longest", "the longest"]];

class FaultPainter {
    constructor() {
        this.mode = "kind";
        this.key = el("ul", {class: "key"});
        this.hidden = new Set(); /* kinds that a click on the key has put away */
    }

    bands(run) {
        return segmentBands(run);
    }

    /* The rows that a cell covers, as pages of its band. */
    pages(run, band, i) {
        const c = run.faults, height = 2 ** c.rowShift;
        if (band.id === 0) {
            const at = run.stray.indexOf(c.row[i]);
            return [at, at];
        }
        return [Math.max(band.lo, c.row[i] * height), Math.min(band.hi, c.row[i] * height + height - 1)];
    }

    paint(g, map, c) {
        const run = map.run, cells = run.faults, width = 2 ** cells.colShift;
        const byId = new Map(map.bands.map(b => [b.id, b])), kinds = new Map();
        const spots = this.spots = new Spots(map, cells.n), shapes = [];
        for (let i = 0; i < cells.n; i++) {
            const band = byId.get(cells.band[i]);
            if (!band) continue;
            const [p0, p1] = this.pages(run, band, i), t = cells.col[i] * width;
            const x0 = map.x(t), x1 = map.x(t + width), y0 = map.yOf(band, p0), y1 = map.yOf(band, p1 + 1);
            if (x1 < map.left || x0 > map.right || y1 < map.top || y0 > map.bottom) continue;
            kinds.set(cells.kind[i], (kinds.get(cells.kind[i]) || 0) + cells.count[i]);
            if (this.mode === "kind" && this.hidden.has(cells.kind[i])) continue;
            spots.add(i, (x0 + x1) / 2, (y0 + y1) / 2, cells.count[i]);
            shapes.push([i, x0, y0, x1 - x0, y1 - y0]);
        }
        this.drawn = shapes.length;
        const least = shapes.length < 2000 ? 5 : 3; /* a mark that is seen from the last row */
        for (const s of shapes) map.enlarge(s, least);
        if (this.mode === "kind") this.paintKinds(g, map, run, c, shapes, kinds);
        else this.paintRamp(g, run, c, shapes);
    }

    /* Frequent kinds first, so that the rare ones are seen. */
    paintKinds(g, map, run, c, shapes, kinds) {
        const order = [...kinds].sort((a, b) => b[1] - a[1]).map(k => k[0]);
        const most = shapes.reduce((n, s) => Math.max(n, run.faults.count[s[0]]), 1); /* cells of a large trace: paler where there are fewer */
        const strength = n => most < 8 ? 1 : 0.3 + 0.7 * Math.log(n) / Math.log(most);
        const hue = k => c.hues[hueOfFault(word(run, "resolution", k))];
        for (const kind of order) {
            g.fillStyle = hue(kind);
            for (const [i, x, y, w, h] of shapes) {
                if (run.faults.kind[i] !== kind) continue;
                g.globalAlpha = strength(run.faults.count[i]);
                g.fillRect(x, y, w, h);
            }
        }
        g.globalAlpha = 1;
        const focus = [...this.key.querySelectorAll("button")].indexOf(document.activeElement);
        this.key.replaceChildren(...order.map(k => el("li", {}, el("button", {type: "button", "aria-pressed": String(!this.hidden.has(k)), title: "Click to hide or show these",
            onclick: () => { this.hidden.delete(k) || this.hidden.add(k); map.redraw(); }}, el("i", {style: `background:${hue(k)}`}), `${resolutionDoc(run, k)} (${words.count(kinds.get(k))})`))));
        if (focus >= 0) this.key.querySelectorAll("button")[focus]?.focus();
    }

    paintRamp(g, run, c, shapes) {
        const cells = run.faults, count = this.mode === "count";
        const value = ([i, x, y]) => count ? this.spots.count[this.spots.spot(x + 0.5, y + 0.5)] || cells.count[i] : cells.max[i];
        const values = shapes.map(value), most = Math.max(1, ...trimmed(values)), least = count ? 1 : Math.max(1, Math.min(...trimmed(values, most)));
        const part = v => most > least ? Math.log(Math.max(v, least) / least) / Math.log(most / least) : 0.5;
        const order = shapes.map((_, k) => k).sort((a, b) => values[a] - values[b]);
        for (const k of order) {
            const [, x, y, w, h] = shapes[k];
            g.fillStyle = ramp(c, part(values[k]));
            g.fillRect(x, y, w, h);
        }
        const say = count ? v => plural(Math.round(v), "fault") : words.ns;
        this.key.replaceChildren(...keyOf(c.ramp.map((colour, i) => [colour, `from ${say(least * (most / least) ** (i / c.ramp.length))}`])));
    }

    explain(map, x, y) {
        const run = map.run, cells = run.faults, near = this.spots ? this.spots.near(x, y) : [];
        if (near.length === 0) {
            const band = map.bandAt(y);
            return band ? [segmentLine(band), "no fault here"] : null;
        }
        const band = map.bands.find(b => b.id === cells.band[near[0]]);
        const mine = near.filter(i => cells.band[i] === band.id), spans = mine.map(i => this.pages(run, band, i));
        const counts = new Map();
        for (const i of mine) counts.set(cells.kind[i], (counts.get(cells.kind[i]) || 0) + cells.count[i]);
        const total = [...counts.values()].reduce((a, b) => a + b, 0), longest = Math.max(...mine.map(i => cells.max[i]));
        const first = mine.reduce((a, b) => cells.id[a] < cells.id[b] ? a : b);
        const kinds = [...counts].map(([k, n]) => `${words.count(n)} ${word(run, "resolution", k)}`).join(", ");
        return [segmentLine(band), pageLine(run, band, Math.min(...spans.map(s => s[0])), Math.max(...spans.map(s => s[1]))),
            timeLine(cells, first), `${plural(total, "fault")}: ${kinds}${run.foreign ? "" : `; ${total > 1 ? "the longest " : ""}${words.ns(longest)}`}`,
            this.because(run, first), ...this.rule(run, first), `tarry query ${run.label} ${run.foreign ? "explain" : "explain-fault"} --fault ${cells.id[first]}`];
    }

    because(run, i) {
        const cells = run.faults, flags = cells.flags[i], access = word(run, "access", flags & 3), call = flags >>> 8 & 255;
        const where = `pc ${words.hex(cells.pc[i])}${this.place(run, i)}`;
        if (run.foreign)
            return `${cells.count[i] > 1 ? "the first, " : ""}trap ${cells.id[i]}: ${access} by the instruction at ${where}${flags & 4 ? ", in the kernel" : ""}`;
        const who = flags & 4 ? `the kernel, in ${call ? word(run, "syscall", call) : "a system call"} (event ${cells.cause[i]}) from ${where}`
            : `the instruction at ${where} (trap ${cells.cause[i]})`;
        return `${cells.count[i] > 1 ? "the first, " : ""}fault ${cells.id[i]}: ${access} by ${who}`;
    }

    /* Function or source line, and disassembly, as far as the trace knows them. */
    place(run, i) {
        const known = run.instructions.get(`${run.faults.flags[i] >>> 16} ${words.hex(run.faults.pc[i])}`);
        return known ? `${known.place ? `, ${known.place}` : ""}${known.text ? `: ${known.text}` : ""}` : "";
    }

    rule(run, i) {
        const rule = run.words[run.foreign ? "refusal" : "rule"].get(run.faults.flags[i] >>> 3 & 31);
        return rule && rule.id ? [`rule ${rule.name}: ${rule.doc}`] : [];
    }
}

/* At most some thousand of many numbers (an argument list has its bounds); `otherwise` if there are none. */
function trimmed(values, otherwise) {
    let least = Infinity, most = -Infinity;
    for (const v of values) {
        if (v < least) least = v;
        if (v > most) most = v;
    }
    return values.length > 0 ? [least, most] : [otherwise === undefined ? 1 : otherwise];
}

/* ---- states ---- */

/* Of colours and their shares. */
function mixture(parts) {
    const sum = [0, 0, 0];
    for (const [colour, share] of parts)
        for (let k = 0; k < 3; k++) sum[k] += share * parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
    return `rgb(${sum.map(Math.round)})`;
}

const states = [2, 3, 4];

class StatePainter {
    constructor() {
        this.key = el("ul", {class: "key"});
    }

    bands(run) {
        return segmentBands(run);
    }

    /* Adds n pages in a state from x0 to x1, y0 to y1 of the grid's spots. */
    addPages(grid, s, x0, x1, y0, y1, n) {
        const map = grid.map, from = Math.max(0, Math.floor((x0 - map.left) / BUCKET)), to = Math.min(grid.across, Math.ceil((x1 - map.left) / BUCKET));
        const top = (y0 - map.top) / BUCKET, bottom = Math.max((y1 - map.top) / BUCKET, top + 1e-9);
        if (from >= to || bottom <= 0 || top >= grid.down) return;
        for (let k = Math.max(0, Math.floor(top)); k < Math.min(grid.down, Math.ceil(bottom)); k++) {
            const share = n * (Math.min(bottom, k + 1) - Math.max(top, k)) / (bottom - top), at = k * (grid.across + 1);
            grid.pages[s][at + from] += share;
            grid.pages[s][at + to] -= share;
        }
    }

    paint(g, map, c) {
        const grid = this.grid = {map, across: Math.ceil((map.right - map.left) / BUCKET), down: Math.ceil((map.bottom - map.top) / BUCKET)};
        grid.pages = {};
        for (const s of [1, ...states]) grid.pages[s] = new Float32Array((grid.across + 1) * grid.down);
        this.addRanges(grid, map);
        this.addStates(grid, map);
        for (const s of [1, ...states])
            for (let k = 0; k < grid.down; k++)
                for (let i = 1, at = k * (grid.across + 1); i <= grid.across; i++) grid.pages[s][at + i] += grid.pages[s][at + i - 1];
        this.paintGrid(g, grid, c);
        this.key.replaceChildren(...keyOf([[this.sourced(c), "sourced: not resident, will come from a file"],
            [c.hues[stateHue[2]], "clean: resident, equal to its sources"], [c.hues[stateHue[3]], "dirty: resident, holds bytes of its own"],
            [c.hues[stateHue[4]], "swapped: in the temporary file"], [c.ground, "empty, or ended"]]));
    }

    sourced(c) {
        return c === palettes.dark ? "#3a4655" : "#cfd8e6";
    }

    addRanges(grid, map) {
        const byId = new Map(map.bands.map(b => [b.id, b]));
        for (const r of map.run.ranges) {
            const band = byId.get(r.segment);
            if (!band || r.first > band.hi || r.first + r.pages <= band.lo) continue;
            const first = Math.max(r.first, band.lo), last = Math.min(r.first + r.pages, band.hi + 1);
            const end = band.segment && band.segment.until != null ? band.segment.until : map.run.span;
            this.addPages(grid, 1, map.x(r.ts), map.x(end), map.yOf(band, first), map.yOf(band, last), last - first);
        }
    }

    /* How many pages of a row (cells from..to) were in a state from the beginning: what it loses before it had it, a fork left. */
    inherited(cells, from, to, s) {
        let n = 0, least = 0;
        for (let i = from; i < to; i++)
            if (cells.kind[i] === s) least = Math.min(least, n += cells.count[i]);
        return -least;
    }

    /* Where the row of the cell `from` ends. */
    rowEnd(cells, from) {
        let to = from + 1;
        while (to < cells.n && cells.band[to] === cells.band[from] && cells.row[to] === cells.row[from]) to++;
        return to;
    }

    addStates(grid, map) {
        const cells = map.run.states, height = 2 ** cells.rowShift, width = 2 ** cells.colShift;
        const byId = new Map(map.bands.map(b => [b.id, b]));
        for (let from = 0, to; from < cells.n; from = to) {
            to = this.rowEnd(cells, from);
            const band = byId.get(cells.band[from]);
            if (!band) continue;
            const page = cells.row[from] * height, y0 = map.yOf(band, page), y1 = map.yOf(band, Math.min(page + height, band.hi + 1));
            if (y1 < map.top || y0 > map.bottom) continue;
            const begin = band.segment ? band.segment.ts : 0, end = band.segment && band.segment.until != null ? band.segment.until : map.run.span;
            for (const s of states) this.addRow(grid, map, cells, from, to, s, begin, end, width, y0, y1);
        }
    }

    addRow(grid, map, cells, from, to, s, begin, end, width, y0, y1) {
        let n = this.inherited(cells, from, to, s), t = begin;
        for (let i = from; i < to; i++) {
            if (cells.kind[i] !== s) continue;
            const at = cells.col[i] * width;
            if (n > 0) this.addPages(grid, s, map.x(t), map.x(at), y0, y1, n);
            n += cells.count[i];
            t = at;
        }
        if (n > 0) this.addPages(grid, s, map.x(t), map.x(end), y0, y1, n);
    }

    paintGrid(g, grid, c) {
        const {map} = grid, pagesPerSpot = k => {
            const y = map.top + (k + 0.5) * BUCKET, band = map.bandAt(y);
            return band ? (band.hi + 1 - band.lo) / (map.y(band.u1) - map.y(band.u0)) * BUCKET : 1;
        };
        for (let k = 0; k < grid.down; k++) {
            const room = pagesPerSpot(k);
            for (let i = 0, at = k * (grid.across + 1); i < grid.across; i++) {
                const all = states.reduce((n, s) => n + Math.max(0, grid.pages[s][at + i]), 0);
                if (all <= 1e-4 && grid.pages[1][at + i] <= 1e-4) continue;
                const same = e => e < grid.across && grid.pages[1][at + e] === grid.pages[1][at + i] &&
                    states.every(s => grid.pages[s][at + e] === grid.pages[s][at + i]);
                let e = i + 1;
                while (same(e)) e++; /* one rectangle for what stays the same */
                if (grid.pages[1][at + i] > 1e-4) {
                    g.fillStyle = this.sourced(c);
                    g.fillRect(map.left + i * BUCKET, map.top + k * BUCKET, (e - i) * BUCKET, BUCKET);
                }
                if (all > 1e-4) {
                    g.globalAlpha = Math.max(0.45, Math.min(1, all / room));
                    g.fillStyle = mixture(states.map(s => [c.hues[stateHue[s]], Math.max(0, grid.pages[s][at + i]) / all]));
                    g.fillRect(map.left + i * BUCKET, map.top + k * BUCKET, (e - i) * BUCKET, BUCKET);
                    g.globalAlpha = 1;
                }
                i = e - 1;
            }
        }
    }

    explain(map, x, y) {
        const band = map.bandAt(y), run = map.run;
        if (!band || !this.grid) return null;
        const first = Math.max(band.lo, Math.floor(map.pageAt(band, y - 1))), last = Math.min(band.hi, Math.max(first, Math.floor(map.pageAt(band, y + 1))));
        const t = map.timeAt(x), in_ = this.statesOf(run, band, first, last, t);
        const sourced = this.sourcedAt(run, band, first, last, t);
        const rest = Math.max(0, last - first + 1 - states.reduce((sum, s) => sum + in_.pages[s], 0));
        const parts = states.filter(s => in_.pages[s] > 0).map(s => `${words.count(in_.pages[s])} ${stateName[s]}`);
        const ended = band.segment && band.segment.until != null && t > band.segment.until, begun = !band.segment || t >= band.segment.ts;
        if (rest > 0) parts.push(`${words.count(rest)} ${sourced ? "sourced" : "empty"}`);
        return [segmentLine(band), pageLine(run, band, first, last), `at ${words.ns(t)}`,
            ended ? "the segment has ended" : begun ? parts.join(", ") || "no page" : "the segment is not there yet",
            ...(sourced && begun && !ended ? [`source: ${word(run, "source_kind", sourced.kind)}, by event ${sourced.cause}`] : []),
            ...(in_.event ? [`the last change here: event ${in_.event}`] : [])];
    }

    /* The pages of first..last in each state at a time, and the event that changed one of them last. */
    statesOf(run, band, first, last, t) {
        const cells = run.states, height = 2 ** cells.rowShift, width = 2 ** cells.colShift, pages = {2: 0, 3: 0, 4: 0};
        let event = 0;
        if (band.segment && (t < band.segment.ts || (band.segment.until != null && t > band.segment.until))) return {pages, event};
        for (let from = 0, to; from < cells.n; from = to) {
            to = this.rowEnd(cells, from);
            if (cells.band[from] !== band.id || (cells.row[from] + 1) * height <= first || cells.row[from] * height > last) continue;
            for (const s of states) pages[s] += this.inherited(cells, from, to, s);
            for (let i = from; i < to && cells.col[i] * width <= t; i++) {
                pages[cells.kind[i]] += cells.count[i];
                event = Math.max(event, cells.id[i]);
            }
        }
        return {pages, event};
    }

    sourcedAt(run, band, first, last, t) {
        return run.ranges.find(r => r.segment === band.id && r.ts <= t && r.first <= last && r.first + r.pages > first);
    }
}
