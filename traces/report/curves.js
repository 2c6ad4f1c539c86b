/* SPDX-License-Identifier: GPL-2.0-only */
/* Curves, drawn by uPlot: over time (which follow the view) and of how faults are distributed. */
const SAMPLES = 500;
const dashes = [[], [10, 5], [3, 4], [12, 4, 3, 4], [22, 5], [2, 9]];
const borders = ["solid", "dashed", "dotted", "dashed", "dashed", "dotted"]; /* of the legend */

/* One uPlot with its title. `lines`: {label, hue, dash}; data comes from `values()`: [x..., y of each line...]. */
class Plot {
    constructor(title, lines, options) {
        this.lines = lines;
        this.options = options;
        this.holder = el("div", {role: "img", "aria-label": title});
        this.element = el("div", {class: "panel"}, el("h3", {}, title), this.holder);
        if (options.overTime) bindKeys(this.holder);
        if (typeof uPlot === "undefined") {
            this.holder.append(el("p", {class: "none"}, "This tarry was built without uPlot, which draws curves."));
            return;
        }
        this.build();
        const again = () => this.build();
        wantsDark.addEventListener("change", again);
        addEventListener("beforeprint", again);
        addEventListener("afterprint", again);
        new ResizeObserver(() => this.resize()).observe(this.element);
        if (options.overTime) view.watch(() => this.follow());
    }

    width() {
        if (printing) return this.element.matches(":only-child") ? PRINT_WIDTH - 20 : PRINT_WIDTH / 2 - 30;
        return Math.max(260, this.element.clientWidth - 16);
    }

    resize() {
        if (this.plot && Math.abs(this.plot.width - this.width()) > 1) this.plot.setSize({width: this.width(), height: this.options.height || 300});
    }

    axis(c, values, size) {
        return {stroke: c.ink, grid: {stroke: c.line, width: 1}, ticks: {stroke: c.line}, font: "14px system-ui, 'DejaVu Sans', sans-serif",
            size, values: (u, splits) => splits.map(v => v == null ? "" : values(v))};
    }

    build() {
        const c = colours(), o = this.options, hidden = this.plot ? this.plot.series.map(s => !s.show) : [];
        if (this.plot) this.plot.destroy();
        const height = printing ? 190 : o.height || 300;
        const xWords = o.overTime ? v => view.words()(v) : o.x.words;
        this.plot = new uPlot({
            width: this.width(), height, padding: [12, 30, 0, 0],
            scales: {x: o.overTime ? {time: false, range: () => [view.from, view.to]} : o.x.scale, y: o.logY ? {distr: 3, log: 10} : {range: o.range || ((u, lo, hi) => [0, hi > 0 ? hi * 1.05 : 1])}},
            axes: [Object.assign(this.axis(c, xWords, 42), {space: 90}, o.overTime ? {splits: () => ticks(view.from, view.to, this.width() / 120, view.stretched ? whole : 1)} : {}), Object.assign(this.axis(c, o.axisWords || o.words, 104), o.incrs ? {incrs: o.incrs} : {})],
            series: [{label: o.x ? o.x.label : "time", value: (u, v) => v == null ? "–" : o.overTime ? (view.stretched ? view.words()(v) : words.ns(v)) : o.x.words(v)},
                ...this.lines.map((l, i) => ({label: l.label, stroke: c.hues[l.hue], dash: dashes[l.dash || 0], width: 2.5, points: {show: false},
                    show: !hidden[i + 1], paths: o.stepped ? uPlot.paths.stepped({align: 1}) : undefined, value: (u, v) => v == null ? "–" : o.words(v)}))],
            cursor: {drag: {x: true, y: false, setScale: !o.overTime}, points: {size: 9}},
            legend: {live: true, markers: {width: 4, dash: (u, i) => borders[i > 0 ? this.lines[i - 1].dash || 0 : 0]}},
            hooks: {setSelect: o.overTime ? [u => this.select(u)] : [], setCursor: [u => { if (u.cursor.idx == null) this.showLast(); }]},
        }, o.values(), this.holder);
        this.showLast();
        if (o.overTime) this.holder.querySelector(".u-over").addEventListener("dblclick", () => view.reset());
        for (const label of this.holder.querySelectorAll(".u-series > th")) {
            label.tabIndex = 0;
            label.addEventListener("keydown", e => { if (e.key === "Enter" || e.key === " ") { label.click(); e.preventDefault(); } });
        }
    }

    /* Without a pointer the legend has the values at the right end. */
    showLast() {
        if (this.plot && this.options.overTime) this.plot.setLegend({idx: this.plot.data[0].length - 1});
    }

    select(u) {
        if (u.select.width < 5) return;
        const from = u.posToVal(u.select.left, "x"), to = u.posToVal(u.select.left + u.select.width, "x");
        u.setSelect({left: 0, width: 0, top: 0, height: 0}, false);
        view.show(from, to);
    }

    follow() {
        if (this.following) return;
        this.following = requestAnimationFrame(() => {
            this.following = 0;
            this.plot.setData(this.options.values());
            this.plot.redraw(false, true); /* the axis may say something else at the same place */
            this.showLast();
        });
    }
}

/* Steps of an axis: round numbers of KiB, MiB ...; whole numbers. */
const binarySteps = Array.from({length: 60}, (_, i) => 2 ** i), wholeSteps = Array.from({length: 15}, (_, i) => [1, 2, 5].map(m => m * 10 ** i)).flat();

/* Times from one end of the view to the other; as times of a run if there is one. */
function sampleTimes(n, run) {
    const factor = run ? view.factor(run) : 1;
    return Array.from({length: n + 1}, (_, i) => (view.from + (view.to - view.from) * i / n) / factor);
}

/* What a run's curve is at those times. */
function sampled(run, name, times) {
    return sampleCurve(run.curves[name], times, false);
}

/*
 * Several quantities over time: one plot with a line for each quantity if there is one run, else a plot for each quantity with a
 * line for each run. quantities: {name (of the curve), title, hue}.
 */
function timePlots(quantities, options) {
    const has = options.has || ((run, name) => run.curves[name].t.length > 0);
    const used = quantities.filter(q => runs.some(r => has(r, q.name)));
    if (used.length === 0) return null;
    const values = pairs => () => {
        const n = options.samples || SAMPLES;
        return [sampleTimes(n), ...pairs.map(([run, q]) => (options.sample || sampled)(run, q.name, sampleTimes(n, run)))];
    };
    if (runs.length === 1)
        return [new Plot(options.single || used.map(q => q.title).join(", "), used.map((q, i) => ({label: q.title, hue: q.hue, dash: i % dashes.length})),
            Object.assign({overTime: true, values: values(used.map(q => [runs[0], q]))}, options))];
    return used.map(q => new Plot(q.title, runs.map((r, i) => ({label: r.title, hue: runHue(i), dash: i % dashes.length})),
        Object.assign({overTime: true, values: values(runs.map(r => [r, q]))}, options)));
}

/* Of a sum that grows: how fast, between the sample before and this one, for each `unit` ns; nothing after the run's end. */
function sampledRate(run, name, times, unit) {
    const v = sampleCurve(run.curves[name], times, true);
    return v.map((y, i) => i === 0 || times[i - 1] > run.span ? null : (y - v[i - 1]) / (times[i] - times[i - 1]) * unit);
}

/* ---- the canned queries that are curves ---- */

/* A column of the query working-set at some times: its rows are stretches of equal length. */
function sampledStretch(run, name, times) {
    const rows = run.stretches = run.stretches || objects(run.tables["working-set"]);
    const length = rows.length > 1 ? rows[1].from_ns : whole;
    return times.map(t => t > run.span || rows.length === 0 ? null : rows[Math.min(rows.length - 1, Math.floor(t / length))][name]);
}

function missRatioPlot() {
    const lines = runs.map((r, i) => ({rows: objects(r.tables["miss-ratio"]), line: {label: r.title, hue: runHue(i), dash: i % dashes.length}})).filter(l => l.rows.length > 1);
    if (lines.length === 0) return [];
    const xs = [...new Set(lines.flatMap(l => l.rows.map(r => r.pages)))].sort((a, b) => a - b);
    return [new Plot("Miss ratio by size of the memory, from the faults alone", lines.map(l => l.line), {
        x: {label: "pages of memory", words: words.count, scale: {time: false, distr: 3, log: 2, range: () => [1, xs[xs.length - 1]]}}, words: words.percent,
        range: () => [0, 1.02], values: () => [xs, ...lines.map(l => {
            const at = new Map(l.rows.map(r => [r.pages, r.miss_ratio]));
            return xs.map(x => at.has(x) ? at.get(x) : null);
        })],
    })];
}

/* ---- distributions ---- */

const STEPS = 16;

/* The bound above a bin, in ns, but below the next integer's bin: exact for the small ones. */
function binEnd(bin) {
    return 2 ** ((bin + 1) / STEPS);
}

/* [xs, ys]: the share of faults that took no longer than x. */
function distribution(bins) {
    const total = bins.reduce((n, b) => n + b[1], 0), xs = [], ys = [];
    let sum = 0;
    for (const [bin, n] of bins) {
        if (sum === 0 || xs[xs.length - 1] < 2 ** (bin / STEPS)) {
            xs.push(2 ** (bin / STEPS));
            ys.push(sum / total);
        }
        sum += n;
        xs.push(binEnd(bin));
        ys.push(sum / total);
    }
    return [xs, ys];
}

function latencyPlots() {
    const kinds = [...new Set(runs.flatMap(r => Object.keys(r.latency).filter(k => r.latency[k].length > 0)))];
    if (kinds.length === 0) return null;
    const count = k => runs.reduce((n, r) => n + (r.latency[k] || []).reduce((m, b) => m + b[1], 0), 0);
    kinds.sort((a, b) => count(b) - count(a));
    const lo = Math.min(...runs.flatMap(r => kinds.flatMap(k => r.latency[k].map(b => b[0])))), hi = Math.max(...runs.flatMap(r => kinds.flatMap(k => r.latency[k].map(b => b[0]))));
    const range = [10 ** Math.floor(Math.log10(2 ** (lo / STEPS))), 10 ** Math.ceil(Math.log10(binEnd(hi)))];
    const name = k => word(runs[0], "resolution", Number(k));
    const plot = (title, lines) => new Plot(title, lines.map(l => l.line), {
        x: {label: "no longer than", words: words.ns, scale: {time: false, distr: 3, range: () => range}}, words: words.percent, range: () => [0, 1.02],
        values: () => joined(lines.map(l => distribution(l.bins)), range),
    });
    if (runs.length === 1)
        return [plot("Share of faults that took no longer", kinds.map((k, i) => ({bins: runs[0].latency[k],
            line: {label: `${name(k)} (${words.count(count(k))})`, hue: hueOfFault(name(k)), dash: i % dashes.length}})))];
    return kinds.slice(0, 8).map(k => plot(name(k), runs.map((r, i) => [r, i]).filter(([r]) => r.latency[k].length > 0).map(([r, i]) =>
        ({bins: r.latency[k], line: {label: r.title, hue: runHue(i), dash: i % dashes.length}}))));
}

/* Lines with xs of their own on common ones: each keeps its last value until its next x, 0 before and 1 after all of them. */
function joined(lines, range) {
    const xs = [...new Set([...lines.flatMap(l => l[0]), ...range])].sort((a, b) => a - b);
    return [xs, ...lines.map(([x, y]) => {
        let i = 0;
        return xs.map(v => {
            while (i < x.length && x[i] <= v) i++;
            if (i === 0) return 0;
            if (i === x.length) return 1;
            return x[i - 1] === v ? y[i - 1] : y[i - 1] + (y[i] - y[i - 1]) * Math.log(v / x[i - 1]) / Math.log(x[i] / x[i - 1]);
        });
    })];
}
