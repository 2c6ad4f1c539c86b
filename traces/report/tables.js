/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables: rows of queries, sorted by a click on the head; numbers in units, by the names of their columns. */
function cellWords(column, value) {
    if (value == null) return "";
    if (typeof value !== "number") return String(value);
    if (/(^|_)ns$/.test(column)) return words.ns(value);
    if (/(^|_)bytes($|_)/.test(column) || column === "length") return words.bytes(value);
    if (/(^|_)(id|pid|qid|parent)$/.test(column)) return String(value);
    return words.count(value);
}

function sortedRows(rows, i, down) {
    const sign = down ? -1 : 1;
    return [...rows].sort((a, b) => {
        if (a[i] == null || b[i] == null) return (a[i] == null) - (b[i] == null);
        return sign * (typeof a[i] === "number" && typeof b[i] === "number" ? a[i] - b[i] : String(a[i]).localeCompare(String(b[i])));
    });
}

function bodyOf(table, rows, numeric) {
    return rows.map(row => el("tr", {}, row.map((value, i) => el("td", {class: numeric[i] ? "number" : "text",
        title: typeof value === "number" ? `${value}` : null}, cellWords(table.columns[i], value)))));
}

/* {columns, rows, more} or {unavailable} as a table of its own scrolling box. `command` tells how to get the rest. */
function makeTable(table, caption, command) {
    if (!table || table.unavailable) return el("p", {class: "none"}, `This trace cannot answer it: ${table ? table.unavailable : "no such query"}`);
    if (table.rows.length === 0) return el("p", {class: "none"}, "No rows.");
    const numeric = table.columns.map((_, i) => table.rows.every(r => r[i] == null || typeof r[i] === "number"));
    const body = el("tbody", {}, bodyOf(table, table.rows, numeric));
    const heads = table.columns.map((name, i) => el("th", {scope: "col", class: numeric[i] ? "number" : null}, el("button", {type: "button",
        title: `Sort by ${name}`, onclick: () => {
            const down = heads[i].getAttribute("aria-sort") === "ascending" || (numeric[i] && !heads[i].hasAttribute("aria-sort"));
            heads.forEach(h => h.removeAttribute("aria-sort"));
            heads[i].setAttribute("aria-sort", down ? "descending" : "ascending");
            body.replaceChildren(...bodyOf(table, sortedRows(table.rows, i, down), numeric));
        }}, name)));
    return el("div", {}, el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": caption}, el("table", {}, el("thead", {}, el("tr", {}, heads)), body)),
        table.more > 0 ? el("p", {class: "note"}, `${plural(table.more, "more row")}: ${command}`) : null);
}

/* One column for each run, one row for each name; rows that differ are marked. cells: [[name, [value...], [words...]]] */
function compareTable(caption, rows, ratios) {
    const differs = values => values.some(v => v !== values[0]);
    const ratio = (v, first) => ratios && typeof v === "number" && typeof first === "number" && first > 0 && v !== first ? ` (× ${digits(v / first, v / first < 0.1 ? 4 : 2)})` : "";
    return el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": caption}, el("table", {},
        el("thead", {}, el("tr", {}, el("th", {scope: "col"}, ""), runs.map(r => el("th", {scope: "col", class: ratios ? "number" : null}, r.title)))),
        el("tbody", {}, rows.map(([name, values, said]) => el("tr", {class: runs.length > 1 && differs(values) ? "differs" : null}, el("th", {scope: "row"}, name),
            values.map((v, i) => el("td", {class: ratios ? "number" : "text"}, said[i], i > 0 ? ratio(v, values[0]) : "")))))));
}

/* ---- the query behind a figure ---- */

function copyText(text, pre, says) {
    const select = () => {
        getSelection().selectAllChildren(pre);
        document.execCommand("copy");
    };
    (navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject()).catch(select).then(() => { says.textContent = "copied"; });
}

function queryBox(names) {
    return el("details", {class: "query"}, el("summary", {}, names.length > 1 ? "The queries behind this figure" : "The query behind this figure"), names.map(name => {
        const q = report.queries[name];
        if (!q) return null;
        const pre = el("pre", {}, q.sql.trim()), says = el("span", {role: "status"});
        const command = q.canned ? `tarry query ${runs[0].label} ${name}` : `sqlite3 ${runs[0].label}, then paste:`;
        return el("div", {}, el("div", {class: "tools"}, el("strong", {}, q.title), el("code", {}, command),
            el("button", {type: "button", class: "copy", onclick: () => copyText(q.sql, pre, says)}, "Copy"), says), pre);
    }));
}
