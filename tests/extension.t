#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tarry.so in the programs that load it, and the same functions in tarry query (unit/trace_extension.c tests the answers).
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
"$BUILD/tests/trace_queries" --write t.db || exit 1

run "$TARRY" query t.db "select hexa(va) as va, percentile(dur, 50) as p from fault where id = 10" --format csv
is "tarry query has them" "$(sed -n 2p .out | tr -d '\r')" 0x2000003008,8000
run "$TARRY" query t.db "select state, began, ended from residency(1, 25000)" --format csv
is "tarry query: residency" "$(sed -n 2p .out | tr -d '\r')" dirty,21000,46000
run "$TARRY" query t.db "select * from intervals(1, 'x')"
is "tarry query: bad argument: status" "$status" 2
matches "tarry query: bad argument: message" "$err" "intervals: segment must be the id of a segment"
run "$TARRY" query t.db "select load_extension('$BUILD/tarry')"
is "tarry query loads none" "$status" 2

if [ -n "${SANITIZE:-}" ]; then # a sanitized extension does not load into programs that are not
    done_testing
    exit
fi
is "symbols of tarry.so: the entry point alone" "$(nm -D --defined-only "$BUILD/tarry.so" | awk '{print $3}')" sqlite3_tarry_init
is "sqlite3 loads it" "$(sqlite3 t.db -cmd ".load $BUILD/tarry" "select hexa(va), disasm(0x8082) from fault where id = 10")" "0x2000003008|c.jr ra"
is "sqlite3: residency" "$(sqlite3 t.db -cmd ".load $BUILD/tarry" "select state, began, ended from residency('main', 25000)")" "dirty|21000|46000"
sqlite3 t.db ".backup other.db" && sqlite3 other.db "delete from page where id = 20"
is "sqlite3: another schema" "$(sqlite3 t.db -cmd ".load $BUILD/tarry" -cmd "attach 'other.db' as b" "select state from residency('b', 25000)")" clean
is "python loads it" "$(/usr/bin/python3 - "$BUILD/tarry" <<'P'
import sqlite3, sys
db = sqlite3.connect("t.db")
db.enable_load_extension(True)
db.load_extension(sys.argv[1])
print(db.execute("select histogram(dur), page(4096) from fault").fetchone())
try:
    db.execute("select percentile(1, 101)").fetchone()
except sqlite3.OperationalError as e:
    print(e)
P
)" "('[[128,256,1],[1024,2048,1],[4096,8192,1]]', 1)
percentile: p must be a number from 0 to 100"
while read -r sql; do
    ok "example of docs/extension.md: $sql" sqlite3 t.db -cmd ".output answer" -cmd ".load $BUILD/tarry" "$sql"
done < <(sed -n '/^```sql/,/^```/p' "$TOP/docs/extension.md" | grep '^select')
done_testing
