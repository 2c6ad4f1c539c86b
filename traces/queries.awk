# SPDX-License-Identifier: GPL-2.0-only
# Makes QUERY("name", "title", "question", "text") of every NAME.sql given, for queries.c.
# Fails if a file does not say what it is: title, question, how to read it, every :parameter. A line `@each TEXT`
# stands for TEXT once per event of events.def, which is the first file (`@each interval TEXT`: per event that lasts):
# $event is its name; $begins says that row a begins otherwise than row b of the other trace, $ends that it ends
# otherwise; $first and $last name the first column that does, $first_a ... $last_b are its value in a and in b.
# A line `@include NAME` stands for the lines of NAME.part beside the query. :parameters get the type that the head gives
# them, and the empty text, which forms of web pages send for a field that nobody filled in, is the same as NULL.
function quote(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); gsub(/\?/, "\\?", s); return s }
function fail(why) { print file ": " why > "/dev/stderr"; bad = 1; exit 1 }
function finish(    p) {
    if (file == "") return
    if (title == "") fail("needs a line '-- title: ...'")
    if (question == "") fail("needs a line '-- question: ...'")
    if (!how) fail("needs a line '-- read: ...'")
    for (p in used) if (!(p in param)) fail("parameter :" p " needs a line '-- param " p ": ...'")
    printf "QUERY(\"%s\", \"%s\", \"%s\",%s)\n", name, quote(title), quote(question), text
}
function begin(    parts, n) {
    finish()
    file = FILENAME
    n = split(file, parts, "/")
    name = parts[n]
    sub(/\.sql$/, "", name)
    title = question = text = ""
    how = 0
    split("", param); split("", used)
}
function typed(name) {
    if (!(name in param)) return ":" name
    if (param[name] ~ /^(id|count|bytes|ns|address)$/) return "CAST(nullif(:" name ", '') AS INTEGER)"
    return "nullif(:" name ", '')"
}
function parameters(line,    part, n, i, rest, name, result) {
    n = split(line, part, "'")
    for (i = 1; i <= n; i++) {
        result = result (i > 1 ? "'" : "")
        rest = part[i]
        while (i % 2 && match(rest, /:[a-z_]+/)) {
            name = substr(rest, RSTART + 1, RLENGTH - 1)
            used[name] = 1
            result = result substr(rest, 1, RSTART - 1) typed(name)
            rest = substr(rest, RSTART + RLENGTH)
        }
        result = result rest
    }
    return result
}
function add(line) { text = text "\n    \"" quote(line ~ /^--/ ? line : parameters(line)) "\\n\"" }
function include(name,    path, line, got) {
    path = file
    sub(/[^\/]*$/, "", path)
    path = path name ".part"
    while ((got = (getline line < path)) > 0)
        if (line !~ /^--/) add(line)
    if (got < 0) fail("cannot include " path)
    close(path)
}
function value(row, column, type) {
    if (type == "STR") return "(SELECT text FROM " (row == "a" ? "main" : "b") ".string WHERE id = " row ".\"" column "\")"
    return row ".\"" column "\""
}
function same(column, type) { return value("a", column, type) " IS NOT " value("b", column, type) }
function column(event, name, type, result) {
    of_a[event, result] = of_a[event, result] " WHEN " same(name, type) " THEN " value("a", name, type)
    of_b[event, result] = of_b[event, result] " WHEN " same(name, type) " THEN " value("b", name, type)
    differs[event, result] = differs[event, result] (differs[event, result] == "" ? "" : " OR ") same(name, type)
    which[event, result] = which[event, result] " WHEN " same(name, type) " THEN '" name "'"
}
function event(name, interval,    n, i, common) {
    events[++nevents] = name
    lasts[name] = interval
    n = split("id insn ts proc pc cause", common, " ")
    for (i = 1; i <= n; i++) column(name, common[i], "", 0)
    if (interval) column(name, "dur", "", 1)
}
function replace(line, what, by,    at) {
    while ((at = index(line, what)) > 0)
        line = substr(line, 1, at - 1) by substr(line, at + length(what))
    return line
}
FILENAME ~ /events\.def$/ {
    split($0, part, /[(, )]+/)
    if (/^(POINT|INTERVAL|THING)\(/) event(part[2], !/^P/)
    if (/^(COLUMN|RESULT)\(/) column(part[2], part[3], part[4], /^R/)
    next
}
FNR == 1 { begin() }
/^-- SPDX/ { next }
/^-- title: / { title = substr($0, 11) }
/^-- question: / { question = substr($0, 14) }
/^-- read: / { how = 1 }
/^-- param [a-z_]+: / { p = $3; sub(/:$/, "", p); param[p] = "any" }
/^-- param [a-z_]+ \((id|count|bytes|ns|address|text)\): / { p = $3; param[p] = $4; gsub(/[():]/, "", param[p]) }
/^@include / { include($2); next }
/^@each / {
    interval = $2 == "interval"
    for (i = 1; i <= nevents; i++) {
        if (interval && !lasts[events[i]]) continue
        line = replace(substr($0, interval ? 16 : 7), "$event", events[i])
        line = replace(line, "$begins", "(" differs[events[i], 0] ")")
        line = replace(line, "$first_a", "CASE" of_a[events[i], 0] " END")
        line = replace(line, "$first_b", "CASE" of_b[events[i], 0] " END")
        line = replace(line, "$last_a", "CASE" of_a[events[i], 1] " END")
        line = replace(line, "$last_b", "CASE" of_b[events[i], 1] " END")
        line = replace(line, "$first", "CASE" which[events[i], 0] " END")
        line = replace(line, "$ends", "(" differs[events[i], 1] ")")
        line = replace(line, "$last", "CASE" which[events[i], 1] " END")
        add(line)
    }
    next
}
{ add($0) }
END { if (!bad) finish() }
