/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts the report together: one section for each figure, with its question, how to read it, and its query. */
const main = document.getElementById("main"), contents = el("ul");

function section(id, title, question, ...content) {
    contents.append(el("li", {}, el("a", {href: `#${id}`}, title)));
    const s = el("section", {id, "aria-labelledby": `${id}-title`}, el("h2", {id: `${id}-title`}, title), question ? el("p", {class: "question"}, question) : null, ...content);
    main.append(s);
    return s;
}

function note(text) {
    return el("p", {class: "note"}, text);
}

/* What the trace could not be asked, for the figures that need it. */
function unanswered(names) {
    return runs.flatMap(r => names.filter(n => r.unanswered[n]).map(n => el("p", {class: "warning"}, `${r.title}: ${n} cannot be asked: ${r.unanswered[n]}`)));
}

/* ---- the run ---- */

/* Figures of what only the kernel can tell: left out if none did. */
const told = runs.some(r => !r.foreign);

const factWords = {ram_bytes: words.bytes, virtual_ns: words.ns, host_ns: words.ns, instructions: words.count, events: words.count};

function facts() {
    const names = [...new Set(runs.flatMap(r => Object.keys(r.facts)))].filter(n => n !== "id" && runs.some(r => r.facts[n] != null && r.facts[n] !== ""));
    const rows = names.map(n => {
        const values = runs.map(r => r.facts[n]);
        return [n, values, values.map(v => v == null ? "" : factWords[n] && typeof v === "number" ? factWords[n](v) : String(v))];
    });
    const metrics = [...new Map(runs.flatMap(r => objects(r.tables.summary).map(m => [m.metric, m.metric]))).keys()];
    const summaries = runs.map(r => new Map(objects(r.tables.summary).map(m => [m.metric, m.value])));
    const totals = metrics.filter(m => told || summaries.some(s => s.get(m))).map(m => {
        const values = summaries.map(s => s.get(m));
        return [m, values, values.map(v => v == null ? "" : cellWords(m, v))];
    });
    const warnings = runs.filter(r => !r.complete).map(r => el("p", {class: "warning"},
        `${r.title}: the run was killed or was still going on. What was stored by then is shown; intervals that had not ended are missing.`));
    warnings.push(...runs.filter(r => r.facts.whole === 0 && r.complete).map(r => el("p", {class: "warning"},
        `${r.title}: not everything was recorded (${r.facts.trace || "the guest switched the trace off"}). The figures show what was: what is missing from them may have happened.`)));
    warnings.push(...runs.filter(r => r.foreign).map(r => el("p", {class: "warning"},
        `${r.title}: a kernel ran that does not tell the machine of its processes, segments and files. The figures show what the machine saw itself: page faults and system calls by address space, disk requests, the TLB. ${told ? "The others have nothing of it." : "Those that only a kernel can fill are left out."}`)));
    section("run", runs.length > 1 ? "The runs" : "The run", "What was run, and what did it cost in all?", ...warnings,
        el("h3", {}, "Totals"), compareTable("Totals", totals, true), runs.length > 1 ? note("In brackets: times the first run.") : null,
        el("h3", {}, "Settings and facts"), compareTable("Settings and facts", rows, false), queryBox(["summary"]));
}

/* ---- maps ---- */

const maps = {};

/* Of several runs: the one that a map shows, for paper, where there is no bar. */
function whichRun() {
    const text = runs.length > 1 ? note("") : null;
    if (text) view.watch(() => { text.textContent = `Run: ${runs[view.run].title}`; });
    return text;
}

function mapSection(id, title, question, how, map, painter, has, nothing, queries, extra) {
    maps[id] = map;
    const empty = el("p", {class: "none"}, nothing), left = el("p", {class: "note"});
    const parts = [map.buttons(), extra, map.element, painter.key], which = whichRun();
    section(id, title, question, ...unanswered(queries), which, empty, ...parts, left, note(how), queryBox(queries));
    view.watch(() => {
        const any = has(map.run);
        empty.hidden = any;
        for (const p of parts) if (p) p.hidden = !any;
        left.textContent = any ? resolutionNote(id, map.run) : "";
    });
}

function resolutionNote(id, run) {
    const cells = {faults: run.faults, states: run.states, disk: run.disk}[id];
    if (!cells) return run.snapshotsLeft > 0 ? `${plural(run.snapshotsLeft, "snapshot")} that pinned less or lived shorter: not drawn.` : "";
    const parts = [];
    if (cells.colShift > 0) parts.push(`Finest detail: ${words.ns(2 ** cells.colShift)}` + (cells.rowShift > 0 ? ` by ${plural(2 ** cells.rowShift, id === "disk" ? "block" : "page")}.` : "."));
    if (cells.leftOut > 0) parts.push(`${plural(cells.leftOut, "event")} not drawn: more segments than the map has room for.`);
    return parts.join(" ");
}

function processChoice() {
    const select = el("select", {id: "process", onchange: () => { chosen.process = Number(select.value); view.changed(); }});
    let run = -1;
    const fill = () => {
        if (run === view.run) return;
        run = view.run;
        const all = new Map();
        for (const s of runs[run].segments.values())
            if (s) all.set(s.proc, nameOf(s));
        chosen.process = 0;
        select.replaceChildren(el("option", {value: 0}, "all"), ...[...all].sort((a, b) => a[0] - b[0]).map(([proc, name]) => el("option", {value: proc}, name)));
    };
    view.watch(fill);
    fill();
    return el("label", {}, "Process ", select);
}

function faultsSection() {
    const painter = new FaultPainter(), map = new TimeMap("Map of page faults: time from left to right, segments and their pages from top to bottom", 470, painter);
    const modes = el("fieldset", {class: "tools", style: "border:0;padding:0"}, el("legend", {class: "note", style: "float:left;padding:0"}, "Colour says "),
        (told ? faultModes : [["kind", "what was wanted"], faultModes[1]]).map(([mode, text]) => el("label", {}, el("input", {type: "radio", name: "mode", value: mode, checked: mode === "kind",
            onchange: () => { painter.mode = mode; map.redrawSoon(); }}), " ", text)));
    mapSection("faults", "Faults, page by time", "Which pages faulted, when, and why?",
        "One mark is one fault, or several that are too close together to be told apart: zoom in. In a large trace marks are paler where there are fewer faults. Bands are segments in which something happened, " +
        "from the first page that was used to the last; a larger segment is drawn taller, but not in proportion." +
        (runs.some(r => r.foreign) ? " Of a kernel that does not describe its segments, bands are areas of its address spaces in which page faults were near each other." : ""),
        map, painter, r => r.faults.n > 0, "No page fault is in this trace.", ["fault-map", "segment-names", "instruction-names", "explain-fault"], modes);
}

function statesSection() {
    if (!told) return;
    const painter = new StatePainter();
    mapSection("states", "Where the pages were", "In which state was each page, and when did that change?",
        "The same pages as above. Where one spot of the picture stands for several pages their colours are mixed, " +
        "and paler the fewer are resident or swapped. A page that a fork left to a segment counts as there from the beginning.",
        new TimeMap("Map of page states: time from left to right, segments and their pages from top to bottom", 470, painter), painter,
        r => r.states.n > 0 || r.ranges.length > 0, "No page changed its state in this trace.", ["page-states", "sourced-ranges"]);
}

function diskSections() {
    const painter = new DiskPainter();
    mapSection("disk", "Disk requests, address by time", "What did the disks do, when, and in which order of addresses?",
        "One mark is one request, as wide as it took and as tall as it was long; in a large trace one mark is many requests, its colour a mixture. A straight line down to the right is sequential, a cloud is random.",
        new TimeMap("Map of disk requests: time from left to right, disk blocks from top to bottom", 340, painter), painter,
        r => r.disk.n > 0, "No disk request is in this trace.", ["disk-map", "disk"]);
    const rates = timePlots([{name: "disk_read", title: "read", hue: 0}, {name: "disk_written", title: "written", hue: 1}],
        {words: v => `${words.bytes(v)}/s`, incrs: binarySteps, sample: (run, name, times) => sampledRate(run, name, times, 1e9), samples: 240, height: 240});
    const busy = timePlots([{name: "disk_busy", title: "disk busy", hue: 2}], {words: words.percent, samples: 240, height: 240,
        sample: (run, name, times) => sampledRate(run, name, times, 1), range: () => [0, 1.05]});
    plots("disk-rates", "Disk over time", "How much did the disks move, and how busy were they?", [...rates || [], ...busy || []],
        "What was moved, and the share of time in which the disk itself worked, on average from one point to the next; zoom in for finer steps. A request's bytes are spread over the time in which it was served.",
        "No disk request is in these traces.", ["disk-map"]);
}

/* ---- curves ---- */

function plots(id, title, question, list, how, nothing, queries) {
    section(id, title, question, ...unanswered(queries), list && list.length > 0 ? el("div", {class: "panels"}, list.map(p => p.element)) : el("p", {class: "none"}, nothing),
        note(how), queryBox(queries));
}

function curveSections() {
    if (!told) return;
    plots("transfers", "Asked for, transferred, used", "What did laziness save?", timePlots([{name: "asked", title: "asked for by reads", hue: 1},
        {name: "read", title: "read from the disk", hue: 0}, {name: "memory", title: "brought into the program's memory", hue: 2},
        {name: "written", title: "written to the disk", hue: 3}, {name: "skipped", title: "not written: the file held it already", hue: 4},
        {name: "swap_in", title: "read back from swap", hue: 5}, {name: "swap_out", title: "written to swap", hue: 7}],
        {words: words.bytes, incrs: binarySteps, stepped: true, single: "Bytes since the beginning"}),
        "Sums since the beginning. Asked for: what reads of regular files returned. Read from the disk: all blocks, programs and metadata included, but for swap, which has curves of its own. Brought into memory: by fills when a page was " +
        "touched (deferred), or at the call whether it is used or not (eager). " + (runs.length > 1 ? "A curve stays at its total when its run has ended." : ""), "Nothing was read or written in these traces.", ["asked-curve", "transfer-curves", "files"]);
    plots("working-set", "Working set", "How many pages did the programs need?", [...timePlots([
        {name: "pages", title: "different pages that faults asked for", hue: 0}, {name: "new_pages", title: "pages that a fault asked for the first time", hue: 4},
        {name: "resident_pages", title: "resident at the end of the stretch", hue: 2}],
        {words: words.pages, axisWords: words.count, incrs: wholeSteps, stepped: true, sample: sampledStretch, single: "Pages in each stretch of time",
            has: run => objects(run.tables["working-set"]).some(r => r.faults > 0)}) || [], ...missRatioPlot()],
        "Each step is a two-hundredth of the run. A trace has only the accesses that fault: what faults asked for is the least that the working set can be, what is resident the most. " +
        "The miss ratio says which share of these faults a memory of so many pages would still have; it knows no hits, so it is too high on its left: figure Replacement, of runs with --trace access or --sample N, knows them.",
        "No page fault is in these traces.", ["working-set", "miss-ratio", "reuse-distance"]);
    plots("memory", "Memory in use", "How much memory did the programs need, and when?", timePlots([{name: "resident", title: "resident pages", hue: 0},
        {name: "dirty", title: "dirty pages", hue: 1}, {name: "swapped", title: "swapped pages", hue: 3}], {words: words.pages, axisWords: words.count, incrs: wholeSteps, stepped: true, single: "Pages"}),
        "Pages of all segments at each moment; a page that processes share after a fork counts once.",
        "No page changed its state in these traces.", ["page-states"]);
    plots("latency", "How long faults took", "What does a fault cost, by the way it was resolved?", latencyPlots(),
        "Cumulative share over a logarithmic axis of virtual time: a curve further to the left is faster, a step is a common duration, a long flat tail is rare slow faults. Resolution: 16 steps for each doubling.",
        "No fault that ended is in these traces.", ["fault-durations", "fault-histogram", "slowest-faults"]);
}

function snapshotsSection() {
    if (!told) return;
    const painter = new SnapshotPainter(), most = Math.max(0, ...runs.map(r => painter.all(r).length));
    mapSection("snapshots", "The lives of snapshots", "How long did snapshots live, and what did they pin?",
        "One bar for each snapshot, from the read that took it to its release. Pinned: blocks that a write would have freed and that were kept for it.",
        new TimeMap("Lives of snapshots: time from left to right, one bar for each snapshot", Math.min(520, Math.max(120, 60 + 26 * most)), painter), painter,
        r => painter.all(r).length > 0, "No snapshot is in this trace.", ["snapshots"]);
}

/* ---- tables ---- */

function tableSection(id, title, query) {
    const q = report.queries[query], place = el("div");
    section(id, title, q ? q.question : null, place, q ? queryBox([query]) : null);
    let run = -1;
    const fill = () => {
        if (run === view.run) return;
        run = view.run;
        place.replaceChildren(...runs.length > 1 ? [note(`Run: ${runs[run].title}`)] : [], makeTable(runs[run].tables[query], title, `tarry query ${runs[run].label} ${query}`));
    };
    view.watch(fill);
    fill();
}

/* ---- the TLB model ---- */

function tlbSection() {
    const some = runs.filter(r => objects(r.tables.tlb).length > 0);
    if (some.length === 0) return;
    const most = Math.max(1, ...some.flatMap(r => objects(r.tables.tlb).map(t => t.miss_per_million)));
    const part = (n, hue, what) => el("i", {class: `bar-part ${hue}`, style: `width:${100 * n / most}%`, title: what});
    const row = (r, t) => {
        const perMillion = n => t.accesses > 0 ? n * 1e6 / t.accesses : 0;
        return el("tr", {}, runs.length > 1 ? el("th", {scope: "row"}, r.title) : null, el("th", {scope: "row"}, t.access), el("td", {class: "number"}, words.count(t.accesses)),
            el("td", {class: "number"}, words.count(t.miss_per_million)),
            el("td", {class: "bar"}, el("span", {class: "bar-all"}, part(perMillion(t.second), "second", `${words.count(t.second)} in the second level`),
                part(perMillion(t.misses - t.second), "walked", `${words.count(t.walks)} walks`))),
            el("td", {class: "number"}, words.count(t.second)), el("td", {class: "number"}, words.count(t.walks)), el("td", {class: "number"}, t.refs_per_walk == null ? "" : words.count(t.refs_per_walk)),
            el("td", {class: "number"}, words.count(t.evictions)));
    };
    section("tlb", "TLB misses", "How often did a translation have to be looked for, and where was it found?",
        el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "TLB misses"}, el("table", {class: "bars"}, el("thead", {}, el("tr", {}, [...runs.length > 1 ? ["run"] : [],
            "access", "accesses", "misses per million", "", "found in the second level", "page walks", "entries read per walk", "evictions"].map(t => el("th", {scope: "col"}, t)))),
            el("tbody", {}, some.flatMap(r => objects(r.tables.tlb).map(t => row(r, t)))))),
        el("ul", {class: "key"}, el("li", {}, el("i", {class: "second"}), "found in the second level (hatched)"), el("li", {}, el("i", {class: "walked"}), "page walk (solid)")),
        note("Bars are misses of the first level per million accesses. Runs with --tlb have these counts."), queryBox(["tlb"]));
}

/* ---- all of it ---- */

document.getElementById("version").textContent = report.version;
document.getElementById("runs").textContent = runs.map(r => r.facts.command || r.label).join("; ");
document.title = `Tarry report: ${runs.map(r => r.label).join(", ")}`;
const bar = document.getElementById("bar");
fillBar(bar);
bar.append(processChoice());
facts();
faultsSection();
statesSection();
curveSections();
replacementSection();
diskSections();
snapshotsSection();
tlbSection();
for (const [query, title] of [["fault-latency", "How long faults took, in numbers"], ["faults-by-line", "Faults by program line"], ["processes", "Processes"], ["segments", "Segments"], ["faults", "Faults by resolution"], ["files", "Files"], ["waits", "Time lost"], ["os161", "OS/161's counters"], ["syscalls", "System calls"], ["syscall-transfers", "What system calls moved"], ["dirty-pages", "Dirty pages"],
    ["transfers", "Transfers"], ["disk", "Disk requests by class"], ["checks", "Invariants of the trace"], ["event_kind", "What was recorded"], ["diagnostic", "What the recorder noticed"]])
    if (told || runs.some(r => ["faults-by-line", "syscalls", "disk", "event_kind", "diagnostic"].includes(query) && objects(r.tables[query]).length > 0))
        tableSection(`table-${query}`, title, query);
document.getElementById("contents").append(contents);

function redrawAll() {
    for (const m of Object.values(maps)) m.redraw();
}
new ResizeObserver(() => { document.documentElement.style.scrollPaddingTop = `${bar.offsetHeight + 12}px`; }).observe(bar);
wantsDark.addEventListener("change", redrawAll);
printed.addEventListener("change", redrawAll);
addEventListener("beforeprint", redrawAll);
addEventListener("afterprint", redrawAll);
view.changed();
