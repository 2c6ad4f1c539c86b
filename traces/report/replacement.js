/* SPDX-License-Identifier: GPL-2.0-only */
/* Replacement: misses by the size of memory, from accesses or samples; and what a trace of faults only would have made of it. */
function replacementPlot(run) {
    const r = run.replacement, policies = Object.keys(r.sizes[0].misses), alone = r.sizes[0].faults_only !== undefined;
    const lines = policies.map((p, i) => ({label: p.toUpperCase(), hue: i, dash: i, of: s => s.misses[p]}));
    if (alone) lines.push({label: "LRU, from faults only", hue: 5, dash: 1, of: s => s.faults_only || null});
    const xs = r.sizes.map(s => s.frames);
    return new Plot(`Misses by size of the memory${runs.length > 1 ? `: ${run.title}` : ""}`, lines, {
        x: {label: "frames", words: words.count, scale: {time: false, distr: 3, log: 2, range: () => [xs[0], xs[xs.length - 1]]}}, words: words.count,
        logY: true, values: () => [xs, ...lines.map(l => r.sizes.map(l.of))],
    });
}

/* Where faults alone mislead, in words. */
function replacementBias(run) {
    const r = run.replacement, name = runs.length > 1 ? `${run.title}: ` : "";
    if (r.faults_only_references === undefined) return `${name}${name ? "the" : "The"} trace has no faults to compare with.`;
    const worst = r.sizes.filter(s => s.faults_only > 0).reduce((a, b) => (a && a.misses.lru / a.faults_only >= b.misses.lru / b.faults_only ? a : b), null);
    const parts = [`${name}${name ? "of" : "Of"} ${words.count(r.references)} references (${r.from}) a trace of faults has ${words.count(r.faults_only_references)}.`];
    if (worst && worst.misses.lru > 1.1 * worst.faults_only)
        parts.push(`An LRU memory of ${words.count(worst.frames)} frames would have missed ${words.count(worst.misses.lru)} times; from the faults one would work out ${words.count(worst.faults_only)}.`);
    parts.push(r.agree_from > 0 ? `From ${words.count(r.agree_from)} frames on the two agree to a tenth.` : "At no size shown do the two agree to a tenth.");
    return parts.join(" ");
}

function replacementSection() {
    const some = runs.filter(r => r.replacement);
    section("replacement", "Replacement", "How often would a memory of so many frames have missed, and would faults alone have told?",
        some.length > 0 ? el("div", {class: "panels"}, some.map(r => replacementPlot(r).element)) : el("p", {class: "none"}, "These traces hold faults only: record with --trace access or --sample N for this figure."),
        ...some.map(r => el("p", {class: "bias"}, replacementBias(r))),
        note("Where a trace of faults only is biased: a fault is a page's first use, or its first after the run's own memory had let it go. Uses of a page while it was mapped leave no row, so that pages look unused, " +
            "distances between uses look shorter, and the order of last use is that of loading; a memory smaller than the run's own cannot be asked for at all. User pages of 4 KiB; tarry study has more sizes, policies, processes and pages."));
}
