#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Gets uPlot, which draws the curves of a report, from the registry that npm is configured for, and checks it.
#
#   traces/report/uplot.sh DIRECTORY    makes uplot.js, uplot.css and uplot.licence there
#
# Without npm, or if npm cannot get it, the three files are empty: tarry builds all the same, and its reports say what they lack.
set -eu
VERSION=1.6.32
SHA512=2883159c6ebccefbb95d751b0b82d010f9e1c0ec41b8bc96d401eda66e882935c89a46cb824332fa369b8cb8122cc6ac36e186cd09bf7a9ded3a4c93c6989023

dir=$1
mkdir -p "$dir"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
say() { printf 'uplot: %s\n' "$*" >&2; }

put() { cat >"$tmp/new" && mv "$tmp/new" "$dir/$1"; } # FILE: standard input becomes FILE

without() { # WHY
    say "$1; tarry report will draw no curves. Install npm (.ci/packages install test), build again"
    for f in uplot.js uplot.css uplot.licence; do
        [ -e "$dir/$f" ] && [ ! -s "$dir/$f" ] || put $f </dev/null # left alone if empty already: nothing is built anew
    done
    exit 0
}

command -v npm >/dev/null || without "there is no npm here"
(cd "$tmp" && npm pack --silent --prefer-offline --fetch-retries=1 --fetch-timeout=30000 "uplot@$VERSION" >out 2>&1) ||
    without "npm cannot get uplot@$VERSION: $(tail -n 1 "$tmp/out")"
archive=$tmp/uplot-$VERSION.tgz
got=$(sha512sum <"$archive" | cut -d ' ' -f 1)
if [ "$got" != "$SHA512" ]; then
    say "uplot@$VERSION is not what it was: its sha512 is $got, not $SHA512"
    exit 1
fi
tar -xzf "$archive" -C "$tmp"
put uplot.js <"$tmp/package/dist/uPlot.iife.min.js"
put uplot.css <"$tmp/package/dist/uPlot.min.css"
{ echo "uPlot $VERSION"; echo; cat "$tmp/package/LICENSE"; } | put uplot.licence
