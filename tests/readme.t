#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tour in the README works when pasted, and its links lead somewhere.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
ln -s "$BUILD" build

# Each ```sh block is pasted into one shell, line by line.
sed -n '/^```sh$/,/^```$/p' "$TOP/README.md" | grep -v '^```' >tour
ok "the README has a tour" test "$(wc -l <tour)" -ge 10
n=0
while IFS= read -r line; do
    n=$((n + 1))
    run bash -c "$line"
    is "tour, line $n: ${line%%#*}" "$status$err" 0
done <tour
ok "the last run left a trace" test -s tarry.db

for link in $(grep -o '](\([^)]*\))' "$TOP"/README.md "$TOP"/docs/*.md | sed 's/:](/ /; s/)$//' | awk '{ print $1 "|" $2 }' | grep -v 'http'); do
    file=${link%%|*} target=${link#*|}
    ok "link in ${file#"$TOP"/} to $target" test -e "$(dirname "$file")/${target%%#*}"
done
done_testing
