# SPDX-License-Identifier: GPL-2.0-only
# TAP for shell tests. Source it, call the checks, end with done_testing.
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
TARRY=$BUILD/tarry
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tap_count=0

ok() { # NAME COMMAND...: ok if the command succeeds
    local name=$1
    shift
    tap_count=$((tap_count + 1))
    if "$@"; then echo "ok $tap_count - $name"; else echo "not ok $tap_count - $name"; return 0; fi
}

is() { # NAME GOT EXPECTED
    tap_count=$((tap_count + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $tap_count - $1"
    else
        echo "not ok $tap_count - $1"
        printf 'got:      %s\nexpected: %s\n' "$2" "$3" | head -40 | sed 's/^/# /'
    fi
}

matches() { # NAME GOT EXTENDED_REGEX
    tap_count=$((tap_count + 1))
    if [[ $2 =~ $3 ]]; then
        echo "ok $tap_count - $1"
    else
        echo "not ok $tap_count - $1"
        printf 'got:     %s\npattern: %s\n' "$2" "$3" | head -40 | sed 's/^/# /'
    fi
}

# Runs a command; leaves its standard output in $out, standard error in $err, exit status in $status.
run() {
    status=0
    "$@" >"$work/.out" 2>"$work/.err" </dev/null || status=$?
    out=$(cat "$work/.out")
    err=$(cat "$work/.err")
}

# Misuse: status 2 and one line on standard error that has the pattern, nothing on standard output.
refuses() { # NAME EXTENDED_REGEX COMMAND...
    local name=$1 pattern=$2
    shift 2
    run "$@"
    is "$name: exit status" "$status" 2
    matches "$name: message" "$err" "^tarry: .*$pattern"
    is "$name: one line" "$(wc -l <"$work/.err")" 1
    is "$name: nothing on standard output" "$out" ""
}

# The value of a metric of the canned query `summary`.
metric() { # DB METRIC
    "$TARRY" query "$1" summary --format csv | sed -n "s/^$2,//p" | tr -d '\r'
}

done_testing() { echo "1..$tap_count"; }
