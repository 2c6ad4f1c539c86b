#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The same kernel ELF and image on Tarry and on QEMU: the same console output, the same exit status.
set -u
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/qemu.sh"
cd "$work" || exit 1

cat >script <<'SH'
# a fixed script of shell commands
echo hello, world
ls / /bin
mkdir /tmp; mkdir /tmp/a; echo one >/tmp/a/1; echo two >>/tmp/a/1; cat /tmp/a/1
cp /tmp/a/1 /tmp/a/2; sum /tmp/a/2; rm /tmp/a/1; ls /tmp/a
cat /in/text | grep -n wolf | wc
wc /in/text; sum /in/text
cat </in/text | cat | cat | sum
sparse /in/text --touch 7
sparse /in/text --touch 7 --dirty 2 --write-back; sum /in/text
cat /nosuchfile; echo status $?
false || echo or; true && echo and
(echo) ; ps | wc -l
badjump; badstore; nullderef; badinsn; echo survived
head -c 10 /dev/zero | wc
ls -l /in
SH
python3 -c 'for i in range(20000): print("line", i, "wolf" if i % 97 == 0 else "sheep")' >text
cp --sparse=always "$BUILD/guest.img" image
"$TARRY" fs put image script /in/script >/dev/null
"$TARRY" fs put image text /in/text >/dev/null

compare() { # NAME POLICY PROGRAM...
    local name=$1 policy=$2 st_t=0 st_q=0
    shift
    on_qemu image "$@" >qemu.out 2>qemu.err || st_q=$?
    shift
    "$TARRY" run --trace none --io "$policy" --image image "$@" >tarry.out 2>tarry.err </dev/null || st_t=$?
    ok "$name: same output" diff -u qemu.out tarry.out
    is "$name: same status" "$st_t" "$st_q"
    ok "$name: there is output" test -s tarry.out
}
compare "script, deferred" deferred /bin/sh /in/script
compare "script, eager" eager /bin/sh /in/script
compare "usertests" deferred /bin/usertests
compare "exit status" deferred /bin/sh -c 'echo a  b "c d"; exit 42'
compare "fault in the first process" deferred /bin/nullderef
done_testing
