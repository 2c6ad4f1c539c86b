/* SPDX-License-Identifier: GPL-2.0-only */
/* What is shown: one stretch of time for all figures, one run for the maps and tables. Mouse, keys and buttons change it here. */
const whole = Math.max(1, ...runs.map(r => r.span));

const view = {
    from: 0, to: whole, run: 0,
    stretched: false, /* every run is drawn as if it took as long as the longest */
    watchers: [],
    watch(fn) {
        this.watchers.push(fn);
    },
    changed() {
        for (const fn of this.watchers) fn();
    },
    /* Shows from..to; at least 16 ns of it, all of it inside the run. */
    show(from, to) {
        const length = Math.min(whole, Math.max(16, to - from));
        this.from = Math.min(Math.max(0, from), whole - length);
        this.to = this.from + length;
        this.changed();
    },
    zoom(factor, at) {
        const t = at === undefined ? (this.from + this.to) / 2 : at;
        this.show(t - (t - this.from) * factor, t + (this.to - t) * factor);
    },
    move(part) {
        const by = (this.to - this.from) * part;
        this.show(this.from + by, this.to + by);
    },
    reset() {
        this.show(0, whole);
    },
    /* How much longer a run is drawn than it was. */
    factor(run) {
        return this.stretched ? whole / run.span : 1;
    },
    /* What to write at a time of the axis. */
    words() {
        if (this.stretched) return t => words.percent(t / whole);
        return timeLabel(this.from, this.to);
    },
    choose(run) {
        this.run = run;
        this.changed();
    },
};

/* Keys of a figure that has the focus. `rows`, if there are any, zoom and move up and down. */
function bindKeys(element, rows) {
    element.tabIndex = 0;
    element.addEventListener("keydown", e => {
        const done = {
            "+": () => view.zoom(0.5), "=": () => view.zoom(0.5), "-": () => view.zoom(2),
            "ArrowLeft": () => view.move(-0.25), "ArrowRight": () => view.move(0.25),
            "ArrowUp": () => rows && rows.move(-0.25), "ArrowDown": () => rows && rows.move(0.25),
            "PageUp": () => rows && rows.zoom(0.5), "PageDown": () => rows && rows.zoom(2),
            "0": () => { if (rows) rows.reset(); view.reset(); }, "Home": () => { if (rows) rows.reset(); view.reset(); },
        }[e.key];
        if (!done || e.ctrlKey || e.metaKey || e.altKey) return;
        done();
        e.preventDefault();
    });
}

function button(text, title, action) {
    return el("button", {type: "button", title, "aria-label": title, onclick: action}, text);
}

/* The bar that stays on the screen. */
function fillBar(bar) {
    if (runs.length > 1) {
        bar.append(el("fieldset", {}, el("legend", {}, "Maps and tables of"), runs.map(r =>
            el("label", {}, el("input", {type: "radio", name: "run", value: r.number, checked: r.number === 0,
                onchange: () => view.choose(r.number)}), " ", r.title))));
    }
    const says = el("output", {"aria-live": "polite"});
    view.watch(() => {
        const all = view.from === 0 && view.to === whole, say = view.stretched ? view.words() : words.ns;
        says.textContent = all ? `all of the run: ${say(whole)}` : `${say(view.from)} to ${say(view.to)} (${say(view.to - view.from)})`;
    });
    bar.append(el("fieldset", {}, el("legend", {}, "Time"), button("−", "Zoom out", () => view.zoom(2)),
        button("+", "Zoom in", () => view.zoom(0.5)), button("←", "Earlier", () => view.move(-0.25)),
        button("→", "Later", () => view.move(0.25)), button("all", "Show all of the run", () => view.reset()), says));
    if (runs.some(r => r.span < whole * 0.8))
        bar.append(el("label", {}, el("input", {type: "checkbox", id: "stretched", onchange: e => { view.stretched = e.target.checked; view.changed(); }}),
            " every run as wide as the longest"));
}

/* ---- the tip at the pointer ---- */

const tip = el("div", {class: "tip", role: "status", hidden: true});
document.body.append(tip);

function showTip(lines, x, y) {
    tip.replaceChildren(...lines.map(l => el("div", {}, l)));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 4))}px`;
    tip.style.top = `${y + 18 + box.height > innerHeight ? Math.max(4, y - box.height - 12) : y + 18}px`;
}

function hideTip() {
    tip.hidden = true;
}

/* ---- ticks of time ---- */

/* Round times between from and to, at most about `most` of them; round in multiples of `unit`. */
function ticks(from, to, most, unit) {
    if (unit > 1) return ticks(from / unit, to / unit, most, 1).map(t => t * unit);
    const least = (to - from) / Math.max(1, most), power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-12)));
    const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= least), out = [];
    for (let t = Math.ceil(from / step) * step; t <= to; t += step) out.push(t);
    return out;
}

/* The unit that suits a stretch of time, and a time in it. */
function timeLabel(from, to) {
    const unit = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]].find(u => to - from >= 3 * u[0]) || [1, "ns"];
    return t => `${digits(t / unit[0], 3)} ${unit[1]}`;
}
