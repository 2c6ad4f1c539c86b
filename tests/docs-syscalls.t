#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# docs/syscalls.md lists exactly the calls and errors of abi.h, with their numbers.
set -u
. "$(dirname "$0")/tap.sh"
abi=$TOP/guestos/include/tarry/abi.h doc=$TOP/docs/syscalls.md

# entries LIST: "number name" of each line of an X-macro of abi.h
entries() { sed -n "/^#define $1(X)/,/[^\\\\]\$/p" "$abi" | sed -n 's/^ *X(\([0-9]*\), \([A-Za-z0-9]*\),.*/\1 \2/p' | sort -n; }

calls=$(entries TARRY_SYSCALLS)
errors=$(entries TARRY_ERRORS)
ok "abi.h has calls" test "$(wc -l <<<"$calls")" -ge 20
ok "abi.h has errors" test "$(wc -l <<<"$errors")" -ge 20
is "the table of calls" "$(sed -n 's/^|[^|]*| \([0-9]*\) | \[\([a-z]*\)\](#\([a-z]*\)).*/\1 \2/p' "$doc" | sort -n)" "$calls"
is "a section for each call" "$(sed -n 's/^### //p' "$doc" | sort)" "$(cut -d' ' -f2 <<<"$calls" | sort)"
is "the table of errors" "$(sed -n 's/^| \([0-9]*\) | \([A-Z0-9]*\) |.*/\1 \2/p' "$doc" | sort -n)" "$errors"
is "errors that sections name exist" \
    "$(grep -o '\bE[A-Z0-9]\{2,\}\b' "$doc" | grep -v -e '^ELF' -e '^ENUM' | sort -u | grep -vxF -f <(cut -d' ' -f2 <<<"$errors"))" ""
for name in $(cut -d' ' -f2 <<<"$calls"); do # the section's first line shows the arguments of abi.h, in their order
    args=$(sed -n "s/^ *X([0-9]*, $name, \"\([^\"]*\)\".*/\1/p" "$abi" | sed 's/ /, /g')
    ok "arguments of $name" grep -qF "\`$name($args)\`" "$doc"
done
done_testing
