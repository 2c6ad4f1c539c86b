/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps: time from left to right, bands (segments, disks) from top to bottom, drawn on a canvas. TimeMap knows the geometry,
 * the axes, zoom and the pointer; what is inside it is drawn and explained by the `painter` that it is given.
 */
const BUCKET = 2; /* CSS pixels: what is closer together is one spot for the pointer and for counts */

class TimeMap {
    /* painter: {bands(run), paint(context, map), explain(map, x, y)}; see FaultPainter. */
    constructor(label, height, painter) {
        this.painter = painter;
        this.height = height;
        this.rows = {from: 0, to: 1};
        this.canvas = el("canvas", {role: "img", "aria-label": label});
        this.holder = el("div", {class: "canvas"}, this.canvas);
        this.said = el("p", {class: "said", "aria-live": "polite"});
        this.element = el("div", {}, this.holder, this.said);
        bindKeys(this.holder, {zoom: f => this.zoomRows(f), move: p => this.moveRows(p), reset: () => this.showRows(0, 1)});
        this.bindPointer();
        view.watch(() => this.redrawSoon());
        new ResizeObserver(() => this.redrawSoon()).observe(this.holder);
    }

    get run() {
        return runs[view.run];
    }

    /* ---- rows ---- */

    showRows(from, to) {
        const length = Math.min(1, Math.max(1e-6, to - from));
        this.rows.from = Math.min(Math.max(0, from), 1 - length);
        this.rows.to = this.rows.from + length;
        this.redrawSoon();
    }

    zoomRows(factor, at) {
        const {from, to} = this.rows, y = at === undefined ? (from + to) / 2 : at;
        this.showRows(y - (y - from) * factor, y + (to - y) * factor);
    }

    moveRows(part) {
        const by = (this.rows.to - this.rows.from) * part;
        this.showRows(this.rows.from + by, this.rows.to + by);
    }

    /* ---- geometry, in CSS pixels ---- */

    measure() {
        const width = Math.max(320, this.holder.clientWidth);
        this.left = width < 760 ? 110 : 210;
        this.top = 8;
        this.bottom = this.height - 30;
        this.right = width - 14;
        this.width = width;
        this.factor = view.factor(this.run);
        this.bands = this.painter.bands(this.run);
        /* A tall band is drawn taller, but not in proportion: a stack of two pages must be seen beside 64 MiB of data. */
        const total = this.bands.reduce((sum, b) => sum + Math.sqrt(b.hi - b.lo + 1), 0);
        const even = Math.min(0.5, 16 * this.bands.length / (this.bottom - this.top));
        let y = 0;
        for (const b of this.bands) {
            b.u0 = y;
            y += even / this.bands.length + (1 - even) * Math.sqrt(b.hi - b.lo + 1) / total;
            b.u1 = y;
        }
    }

    x(t) {
        return this.axisX(t * this.factor);
    }

    /* Of a time on the axis, which is the run's own unless runs are stretched. */
    axisX(t) {
        return this.left + (t - view.from) / (view.to - view.from) * (this.right - this.left);
    }

    axisTime(x) {
        return view.from + (x - this.left) / (this.right - this.left) * (view.to - view.from);
    }

    timeAt(x) {
        return this.axisTime(x) / this.factor;
    }

    y(u) {
        return this.top + (u - this.rows.from) / (this.rows.to - this.rows.from) * (this.bottom - this.top);
    }

    rowsAt(y) {
        return this.rows.from + (y - this.top) / (this.bottom - this.top) * (this.rows.to - this.rows.from);
    }

    /* Where a page (or block) of a band begins. */
    yOf(band, page) {
        return this.y(band.u0 + (page - band.lo) / (band.hi + 1 - band.lo) * (band.u1 - band.u0));
    }

    pageAt(band, y) {
        return band.lo + (this.rowsAt(y) - band.u0) / (band.u1 - band.u0) * (band.hi + 1 - band.lo);
    }

    bandAt(y) {
        const u = this.rowsAt(y);
        return this.bands.find(b => u >= b.u0 && u < b.u1);
    }

    /* Makes a mark [..., x, y, width, height] no smaller than `least`, on whole pixels; it stays inside the map. */
    enlarge(mark, least) {
        const n = mark.length;
        for (const [at, size, end] of [[n - 4, n - 2, this.right], [n - 3, n - 1, this.bottom]]) {
            const from = Math.round(mark[at]);
            mark[size] = Math.max(least, Math.round(mark[at] + mark[size]) - from);
            mark[at] = from + mark[size] > end && mark[size] === least ? Math.floor(end) - least : from;
        }
    }

    inside(x, y) {
        return x >= this.left && x < this.right && y >= this.top && y < this.bottom;
    }

    /* ---- drawing ---- */

    redrawSoon() {
        if (this.waiting) return;
        this.waiting = requestAnimationFrame(() => this.redraw());
    }

    redraw() {
        this.waiting = 0;
        this.measure();
        const scale = Math.max(printing ? 2 : 1, devicePixelRatio || 1), c = colours();
        this.canvas.width = Math.round(this.width * scale);
        this.canvas.height = Math.round(this.height * scale);
        this.canvas.style.height = `${this.height}px`;
        const g = this.canvas.getContext("2d");
        g.setTransform(scale, 0, 0, scale, 0, 0);
        g.fillStyle = c.ground;
        g.fillRect(0, 0, this.width, this.height);
        g.save();
        g.beginPath();
        g.rect(this.left, this.top, this.right - this.left, this.bottom - this.top);
        g.clip();
        this.bands.forEach((b, i) => {
            const y0 = this.y(b.u0), y1 = this.y(b.u1);
            if (i % 2 === 0 || y1 - y0 < 6 || y1 < this.top || y0 > this.bottom) return;
            g.fillStyle = c.band;
            g.fillRect(this.left, y0, this.right - this.left, y1 - y0);
        });
        this.painter.paint(g, this, c);
        if (this.x(this.run.span) < this.right) { /* another run took longer */
            g.fillStyle = c.over;
            g.fillRect(this.x(this.run.span), this.top, this.right, this.bottom - this.top);
        }
        g.restore();
        this.axes(g, c);
    }

    axes(g, c) {
        g.strokeStyle = c.line;
        g.lineWidth = 1;
        g.strokeRect(this.left + 0.5, this.top + 0.5, this.right - this.left, this.bottom - this.top);
        g.font = "14px system-ui, 'DejaVu Sans', sans-serif";
        g.fillStyle = c.ink;
        g.textAlign = "center";
        g.textBaseline = "top";
        const label = view.words();
        for (const t of ticks(view.from, view.to, (this.right - this.left) / 120, view.stretched ? whole : 1)) {
            const x = this.axisX(t);
            g.fillRect(x, this.bottom, 1, 5);
            g.fillText(label(t), Math.min(Math.max(x, this.left + 20), this.right - 26), this.bottom + 8);
        }
        this.bandLabels(g, c);
    }

    bandLabels(g, c) {
        let free = this.top;
        g.textAlign = "right";
        g.textBaseline = "middle";
        for (const b of this.bands) {
            const y0 = Math.max(this.y(b.u0), this.top), y1 = Math.min(this.y(b.u1), this.bottom), y = (y0 + y1) / 2;
            if (y1 <= y0 || y - 8 < free) continue;
            free = y + 8;
            g.fillStyle = y1 - y0 < 7 ? c.faint : c.ink; /* one of several thin bands */
            g.font = "14px system-ui, 'DejaVu Sans', sans-serif";
            g.fillText(b.label, this.left - 8, y1 - y0 > 38 ? y - 9 : y, this.left - 12);
            if (y1 - y0 > 38) {
                g.fillStyle = c.faint;
                g.font = "13px system-ui, 'DejaVu Sans', sans-serif";
                g.fillText(b.sub, this.left - 8, y + 9, this.left - 12);
                free = y + 18;
            }
        }
    }

    /* ---- the pointer: hover explains, a click keeps the explanation, dragging zooms, double click shows all ---- */

    position(e) {
        const box = this.canvas.getBoundingClientRect();
        return [e.clientX - box.left, e.clientY - box.top];
    }

    bindPointer() {
        const box = el("div", {class: "box", hidden: true});
        let start = null;
        this.holder.append(box);
        this.canvas.addEventListener("pointerdown", e => {
            const [x, y] = this.position(e);
            if (e.button !== 0 || !this.inside(x, y)) return;
            start = [x, y];
            this.canvas.setPointerCapture(e.pointerId);
        });
        this.canvas.addEventListener("pointermove", e => {
            const [x, y] = this.position(e);
            if (!start || Math.abs(x - start[0]) < 5) {
                this.explain(e, x, y);
                return;
            }
            hideTip();
            const [x0, x1, y0, y1] = this.dragged(start, [x, y]);
            box.hidden = false;
            Object.assign(box.style, {left: `${x0}px`, width: `${x1 - x0}px`, top: `${y0}px`, height: `${y1 - y0}px`});
        });
        this.canvas.addEventListener("pointerup", e => {
            const end = this.position(e), from = start;
            start = null;
            box.hidden = true;
            if (!from) return;
            if (Math.abs(end[0] - from[0]) < 5) {
                this.keep(end);
                return;
            }
            const [x0, x1, y0, y1] = this.dragged(from, end);
            this.showRows(this.rowsAt(y0), this.rowsAt(y1));
            view.show(this.axisTime(x0), this.axisTime(x1));
        });
        this.canvas.addEventListener("pointercancel", () => { start = null; box.hidden = true; });
        this.canvas.addEventListener("pointerleave", hideTip);
        this.canvas.addEventListener("dblclick", () => { this.showRows(0, 1); view.reset(); });
        this.canvas.addEventListener("wheel", e => {
            if (!e.ctrlKey && !e.metaKey) return;
            const [x, y] = this.position(e), factor = e.deltaY > 0 ? 1.25 : 0.8;
            e.preventDefault();
            if (e.shiftKey) this.zoomRows(factor, this.rowsAt(y));
            else view.zoom(factor, this.axisTime(x));
        }, {passive: false});
    }

    /* The rectangle between two corners; a flat one takes all rows. */
    dragged(a, b) {
        const clampX = x => Math.min(Math.max(x, this.left), this.right), clampY = y => Math.min(Math.max(y, this.top), this.bottom);
        const [x0, x1] = [clampX(a[0]), clampX(b[0])].sort((p, q) => p - q), [y0, y1] = [clampY(a[1]), clampY(b[1])].sort((p, q) => p - q);
        return y1 - y0 < 12 ? [x0, x1, this.top, this.bottom] : [x0, x1, y0, y1];
    }

    explain(e, x, y) {
        const lines = this.inside(x, y) ? this.painter.explain(this, x, y) : null;
        if (lines) showTip(lines, e.clientX, e.clientY);
        else hideTip();
    }

    keep([x, y]) {
        const lines = this.inside(x, y) ? this.painter.explain(this, x, y) : null;
        this.said.textContent = lines ? lines.join(" · ") : "";
    }

    buttons() {
        return el("div", {class: "tools"}, button("rows +", "Zoom into the rows", () => this.zoomRows(0.5)),
            button("rows −", "Zoom out of the rows", () => this.zoomRows(2)), button("↑", "Rows above", () => this.moveRows(-0.25)),
            button("↓", "Rows below", () => this.moveRows(0.25)),
            button("all", "Show everything", () => { this.showRows(0, 1); view.reset(); }),
            el("span", {class: "note"}, "Drag to zoom, double click to see all; or with the keys + − ← → ↑ ↓ Page Up/Down and 0."));
    }
}

/* Spots of BUCKET pixels, each with a chain of the cells that are drawn there. */
class Spots {
    constructor(map, n) {
        this.map = map;
        this.across = Math.ceil((map.right - map.left) / BUCKET) + 1;
        this.down = Math.ceil((map.bottom - map.top) / BUCKET) + 1;
        this.head = new Int32Array(this.across * this.down).fill(-1);
        this.next = new Int32Array(n).fill(-1);
        this.count = new Float64Array(this.across * this.down);
    }

    spot(x, y) {
        const i = Math.floor((x - this.map.left) / BUCKET), k = Math.floor((y - this.map.top) / BUCKET);
        return i < 0 || k < 0 || i >= this.across || k >= this.down ? -1 : k * this.across + i;
    }

    add(cell, x, y, count) {
        const at = this.spot(x, y);
        if (at < 0) return;
        this.next[cell] = this.head[at];
        this.head[at] = cell;
        this.count[at] += count;
    }

    /* The cells of the nearest spot that has any, within 8 pixels. */
    near(x, y) {
        let best = -1, distance = 1e9;
        for (let dy = -4; dy <= 4; dy++)
            for (let dx = -4; dx <= 4; dx++) {
                const at = this.spot(x + dx * BUCKET, y + dy * BUCKET), d = dx * dx + dy * dy;
                if (at >= 0 && this.head[at] >= 0 && d < distance) {
                    best = at;
                    distance = d;
                }
            }
        const cells = [];
        for (let i = best >= 0 ? this.head[best] : -1; i >= 0; i = this.next[i]) cells.push(i);
        return cells;
    }
}

/* A colour of the ramp for a number between 0 and 1. */
function ramp(c, part) {
    return c.ramp[Math.min(c.ramp.length - 1, Math.max(0, Math.floor(part * c.ramp.length)))];
}

function keyOf(items) {
    return items.map(([colour, text]) => {
        const i = el("i");
        i.style.background = colour;
        return el("li", {}, i, text);
    });
}
