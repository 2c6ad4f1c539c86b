/* SPDX-License-Identifier: GPL-2.0-only */
/* What all figures share: the data, elements, numbers in words, colours. Text only ever becomes text, never HTML. */
"use strict";
const report = JSON.parse(document.getElementById("data").textContent);

/* ---- elements ---- */

/* el("p", {class: "note"}, "text", element...) */
function el(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
        if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
        else if (value === true) e.setAttribute(name, "");
        else if (value !== false && value != null) e.setAttribute(name, value);
    }
    e.append(...children.flat().filter(c => c != null));
    return e;
}

/* ---- numbers ---- */

function digits(n, most) {
    return n.toLocaleString("en", {maximumFractionDigits: most === undefined ? 2 : most}).replaceAll(",", "\u202f");
}

function scaled(n, units, step) {
    let i = 0;
    while (Math.abs(n) >= step && i < units.length - 1) {
        n /= step;
        i++;
    }
    return digits(n, i === 0 ? 0 : Math.abs(n) < 10 ? 3 : Math.abs(n) < 100 ? 2 : 1) + "\u00a0" + units[i];
}

const words = {
    ns: n => scaled(n, ["ns", "µs", "ms", "s"], 1000),
    bytes: n => scaled(n, ["B", "KiB", "MiB", "GiB", "TiB"], 1024),
    count: n => digits(n),
    pages: n => digits(n) + (n === 1 ? " page" : " pages"),
    percent: n => digits(n * 100, 1) + "\u00a0%",
    hex: n => "0x" + BigInt.asUintN(64, BigInt(n)).toString(16),
    short: n => scaled(n, ["", "k", "M", "G"], 1000).trim(),
};

function plural(n, what) {
    return words.count(n) + " " + what + (n === 1 ? "" : "s");
}

/* ---- colours: Okabe and Ito's, which people with any colour vision tell apart; on white brown stands for their yellow ---- */

const palettes = {
    light: {
        ground: "#f5f6f8", ink: "#16181d", faint: "#555b66", line: "#c9ced6", band: "#e9ecf1", over: "#dfe2e8",
        hues: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#5a4300"],
        ramp: ["#b9d3ea", "#7fb4dc", "#3f8fc6", "#0b62a4", "#0a3d7a", "#051c44"],
    },
    dark: {
        ground: "#1d2026", ink: "#eceef2", faint: "#a9b0bc", line: "#444a55", band: "#262a31", over: "#30343c",
        hues: ["#2f7fd6", "#e0661a", "#009e73", "#cc79a7", "#e69f00", "#8fd0f7", "#ffffff", "#f0e442"],
        ramp: ["#27466b", "#2f6ea5", "#4597cf", "#7fbde2", "#c0def0", "#ffffff"],
    },
};
const wantsDark = matchMedia("(prefers-color-scheme: dark)"), printed = matchMedia("print");
const PRINT_WIDTH = 1030; /* CSS pixels between the margins of a landscape A4 page */
let printing = false; /* listeners that redraw are added later, and so called later */
addEventListener("beforeprint", () => { printing = true; });
addEventListener("afterprint", () => { printing = false; });

function colours() {
    return palettes[wantsDark.matches && !printing && !printed.matches ? "dark" : "light"];
}

/* Which hue stands for what. Hue 6 is the ink: black on white, white on black. */
const faultHue = {zeroed: 2, filled: 0, remapped: 5, copied: 1, reused: 7, detached: 4, paged_in: 3,
    insn_page: 2, load_page: 0, store_page: 1}; /* the last three: of another kernel, by exception */
const stateHue = {2: 5, 3: 1, 4: 3}, stateName = {2: "clean", 3: "dirty", 4: "swapped"};

function hueOfFault(name) {
    return name in faultHue ? faultHue[name] : 6;
}

/* ---- the trace ---- */

/* The rows of {columns, rows} as objects. */
function objects(table) {
    if (!table || !table.rows) return [];
    return table.rows.map(row => Object.fromEntries(table.columns.map((c, i) => [c, row[i]])));
}

const runs = report.runs.map((r, i) => {
    const facts = objects(r.facts)[0] || {};
    const naming = name => new Map(objects(r.words[name]).map(w => [w.id, w]));
    return Object.assign(r, {
        number: i, facts,
        title: facts.io && report.runs.length > 1 ? `${facts.io} (${r.label})` : r.label,
        words: Object.fromEntries(Object.keys(r.words).map(k => [k, naming(k)])),
        segments: new Map(Object.entries(r.segments).map(([id, t]) => [Number(id), objects(t)[0]])),
        instructions: new Map(objects(r.instructions).map(i => [`${i.image} ${i.pc}`, i])),
        ranges: Object.assign(objects(r.ranges), {more: r.ranges ? r.ranges.more : 0}),
    });
});

function word(run, list, id) {
    const w = run.words[list].get(id);
    return w ? w.name : String(id);
}

function runHue(i) {
    return i % 8;
}

function resolutionDoc(run, id) {
    const w = run.words.resolution.get(id);
    return w ? `${w.name}: ${w.doc}` : String(id);
}
