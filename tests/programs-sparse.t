#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The workload `sparse` on files of odd sizes: its sums, and what its write-back leaves, beside a model; its own size.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

cat >model.py <<'PY'
import sys, zlib
name, touch, seed, dirty = sys.argv[1], *map(int, sys.argv[2:5])
data = bytearray(open(name, "rb").read())
pages, x, m, total = (len(data) + 4095) // 4096, seed, (1 << 64) - 1, 0
def page():
    global x
    x ^= x << 13 & m; x ^= x >> 7; x ^= x << 17 & m
    return x % pages * 4096
for _ in range(touch):
    b = data[page()]
    total += b - 256 if b > 127 else b
for _ in range(dirty):
    at = page()
    data[at] = (data[at] + 1) & 255
print(f"sum={total} touched={touch}" + (f" dirtied={dirty}" if dirty else "") + f" written={len(data)}")
print("%08x %d /in/f" % (zlib.crc32(data), len(data)))
PY
for io in deferred eager; do
    for case in "1 5 1 3" "4095 10 7 2" "4096 10 7 0" "4097 10 7 5" "1000003 300 99 40" "20000000 1000 88172645463325252 500"; do
        set -- $case
        head -c "$1" /dev/urandom >f
        dirty=
        [ "$4" -gt 0 ] && dirty="--dirty $4"
        run "$TARRY" run -o x.db --io $io --mem 64M --input f:/in/f sh -c "sparse /in/f --touch $2 --seed $3 $dirty --write-back; sum /in/f"
        is "--io $io: $1 bytes, touch $2, seed $3, dirty $4" "$out$err" "$(python3 model.py f "$2" "$3" "$4")"
    done
done
: >empty
run "$TARRY" run -o x.db --input empty:/in/empty sparse /in/empty --dirty 1 --write-back
is "an empty file" "$status $out" "0 sum=0 touched=0 dirtied=0 written=0"
run "$TARRY" run -o x.db sparse /nothing
is "a file that is not there" "$status $out$err" "1 sparse: /nothing: file does not exist"
run "$TARRY" run -o x.db sparse /bin
is "a directory" "$status" 1
for misuse in "" "a b" "a --touch" "a --touch x" "a --seed 0" "a --nonsense" "a --dirty -1"; do
    # shellcheck disable=SC2086
    run "$TARRY" run -o x.db sparse $misuse
    is "misuse: sparse $misuse" "$status" 2
done

# Its pages count in every comparison: text and data that come from the file are one page.
is "one page of file to load" "$(
    riscv64-unknown-elf-readelf -lW "$BUILD/guest/bin/sparse" | while read -r type _ _ _ filesz _; do
        [ "$type" = LOAD ] && [ $((filesz)) -gt 0 ] && echo $(((filesz + 4095) / 4096))
    done
)" 1
done_testing
