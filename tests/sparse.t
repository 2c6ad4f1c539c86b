#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The main job: a large file read whole into a deferred segment, a few pages touched, some written back.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

head -c 512M /dev/urandom >big
truncate -s 64G huge
head -c 1M big >small

# What the program must print, computed here.
expect() { # FILE TOUCH
    python3 - "$1" "$2" <<'PY'
import os, sys
x, m = 88172645463325252, (1 << 64) - 1
f = os.open(sys.argv[1], os.O_RDONLY)
pages = (os.fstat(f).st_size + 4095) // 4096
total = 0
for _ in range(int(sys.argv[2])):
    x ^= x << 13 & m; x ^= x >> 7; x ^= x << 17 & m
    b = os.pread(f, 1, x % pages * 4096)[0]
    total += b - 256 if b > 127 else b
print(f"sum={total} touched={sys.argv[2]}")
PY
}

run "$TARRY" run -o d.db --io deferred --mem 64M --input big:/in/big sparse /in/big --touch 1000
is "deferred: exit status" "$status" 0
is "deferred: output" "$out" "$(expect big 1000)"
read -r data meta < <("$TARRY" query d.db --format csv "select (select metric_value from (select sum(sectors) metric_value from disk_request where op=0 and class=0 and cause in (select id from transfer where file=(select qid from file_view where name='/in/big' limit 1)))), (select sum(sectors) from disk_request where op=0 and class=1)" | tail -1 | tr ',\r' '  ')
is "deferred: sectors of the file's data read: 995 distinct pages" "$data" 7960
is "deferred: with the program's one page" "$(($(metric d.db disk_sectors_read) - $(metric d.db disk_sectors_read_meta)))" 7968
ok "deferred: at most 15 % more for metadata (got $meta)" test "$meta" -le 1195
ok "deferred: everything read is at most 15 % more (got $(metric d.db disk_sectors_read))" test "$(metric d.db disk_sectors_read)" -le 9163
is "deferred: summary counts the same metadata" "$(metric d.db disk_sectors_read_meta)" "$meta"
is "the invariants hold" "$("$TARRY" query d.db checks --format csv | tail -n +2 | awk -F, '$2 != 0')" ""

run "$TARRY" run -o e.db --io eager --mem 1G --input big:/in/big sparse /in/big --touch 1000
is "eager: the same output" "$out" "$(expect big 1000)"
ok "eager reads the whole file" test "$(metric e.db disk_sectors_read)" -ge 1048576
ok "eager takes more virtual time" test "$(metric e.db virtual_ns)" -gt "$(metric d.db virtual_ns)"

# R6: the read call costs the same number of instructions whatever its length.
call_cost() { "$TARRY" query "$1" --format csv "select insns from syscall where number=10 order by a2 desc limit 1" | tail -1 | tr -d '\r'; }
for f in small huge; do
    run "$TARRY" run -o $f.db --mem 64M --input $f:/in/big sparse /in/big --touch 10
    is "$f: exit status" "$status" 0
done
is "R6: 1 MiB and 512 MiB cost the same" "$(call_cost small.db)" "$(call_cost d.db)"
is "R6: 1 MiB and 64 GiB cost the same" "$(call_cost small.db)" "$(call_cost huge.db)"

# Write-back of ten dirty pages.
cp --sparse=always "$BUILD/guest.img" disk.img
run "$TARRY" run -o w.db --mem 64M --image disk.img --keep --input big:/in/big sparse /in/big --touch 100 --dirty 10 --write-back
is "write-back: exit status" "$status" 0
run "$TARRY" fs check disk.img
is "write-back: the file system is clean" "$status" 0
"$TARRY" fs get disk.img /in/big back >/dev/null
is "write-back: exactly the dirtied bytes differ" "$(cmp -l big back | wc -l)" 10
is "write-back: on ten pages" "$(cmp -l big back | awk '{print int(($1 - 1) / 4096)}' | sort -u | wc -l)" 10
is "write-back: ten pages written" "$("$TARRY" query w.db --format csv "select sum(pages) from transfer_view where boundary='write' and file=(select qid from file_view where name='/in/big' limit 1)" | tail -1 | tr -d '\r')" 10
is "write-back: the rest was skipped" "$(metric w.db pages_skipped)" $((131072 - 10))
ok "write-back: few sectors written ($(metric w.db disk_sectors_written))" test "$(metric w.db disk_sectors_written)" -le 600

done_testing
