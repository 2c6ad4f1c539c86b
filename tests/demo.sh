#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make demo: one workload over a 512 MiB file, with conventional and with deferred I/O, side by side.
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
TARRY=$BUILD/tarry
out=$BUILD/demo
mkdir -p "$out"
say() { printf '%s\n' "$*"; }

[ -f "$out/big" ] || {
    say "making $out/big: 512 MiB of random bytes ..."
    head -c 512M /dev/urandom >"$out/big.new" && mv "$out/big.new" "$out/big"
}
say ""
say "The workload reads the whole file with one read call, then looks at 1000 random pages of it."
for io in eager deferred; do
    cmd="$TARRY run -o $out/$io.db --io $io --mem 1G --input $out/big:/in/big sparse /in/big --touch 1000"
    say ""
    say "\$ $cmd"
    $cmd </dev/null | tee "$out/$io.out"
done

m() { "$TARRY" query "$out/$1.db" summary --format csv | tr -d '\r' | sed -n "s/^$2,//p"; }
row() { printf '  %-28s %18s %18s\n' "$1" "$2" "$3"; }
both() { row "$1" "$(m eager "$2")" "$(m deferred "$2")"; }
ms() { awk -v n="$1" 'BEGIN { printf "%.1f", n / 1e6 }'; }
say ""
row "" "--io eager" "--io deferred"
row "sum" "$(sed 's/sum=\([-0-9]*\).*/\1/' "$out/eager.out")" "$(sed 's/sum=\([-0-9]*\).*/\1/' "$out/deferred.out")"
both "faults" faults
both "bytes asked for" bytes_asked
sectors() { row "$1" "$(($(m eager "$2") * 512))" "$(($(m deferred "$2") * 512))"; }
sectors "bytes moved from the disk" disk_sectors_read
sectors "  of that metadata" disk_sectors_read_meta
both "disk requests" disk_requests
row "virtual time, ms" "$(ms "$(m eager virtual_ns)")" "$(ms "$(m deferred virtual_ns)")"
row "host time, ms" "$(ms "$(m eager host_ns)")" "$(ms "$(m deferred host_ns)")"
say ""
cmp -s "$out/eager.out" "$out/deferred.out" && say "The program printed the same both times. It cannot tell the difference, except in time."
say ""
say "How were the faults of the deferred run resolved, and what did they cost?"
say "\$ $TARRY query $out/deferred.db faults"
"$TARRY" query "$out/deferred.db" faults
say ""
say "Next: why did one of them happen, and what did it read?"
say "  $TARRY query $out/deferred.db explain-fault"
cmp -s "$out/eager.out" "$out/deferred.out" || { say "demo: the two outputs differ"; exit 1; }
