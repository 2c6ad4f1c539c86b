# SPDX-License-Identifier: GPL-2.0-only
# Makes QUERY("name", "title", "question", "text") of every NAME.sql given, for queries.c.
# Fails if a file does not say what it is: title, question, how to read it, every :parameter.
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
FNR == 1 { begin() }
/^-- SPDX/ { next }
/^-- title: / { title = substr($0, 11) }
/^-- question: / { question = substr($0, 14) }
/^-- read: / { how = 1 }
/^-- param [a-z_]+: / { p = $3; sub(/:$/, "", p); param[p] = 1 }
!/^--/ {
    rest = $0
    gsub(/'[^']*'/, "", rest)
    while (match(rest, /:[a-z_]+/)) {
        used[substr(rest, RSTART + 1, RLENGTH - 1)] = 1
        rest = substr(rest, RSTART + RLENGTH)
    }
}
{ text = text "\n    \"" quote($0) "\\n\"" }
END { if (!bad) finish() }
