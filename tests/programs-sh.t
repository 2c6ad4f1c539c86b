#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest's shell: its language, and what it does with jobs on the console.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

cat >script <<'SH'
# comment
echo hello, world # trailing
echo 'single $HOME "q"' "double 'x' \$y \"z\" $?" back\ slash a\"b#c
X=5; Y="$X and 'more'"; echo $X ${X}7 "$Y" $Z end "" '' | cat
false; echo $? $status; true; echo "$? [$status]"
sh -c 'exit 42'; echo $? $status
nosuch; echo $?; /bin; echo $?; /in/script2; echo $?
false && echo no || echo yes; true || echo no; true && echo yes; false || false || echo third
mkdir -p /tmp/a/b/c; cd /tmp/a; pwd; echo one > f; echo two >> f; cat < f; cat f | wc
cat nothere 2> err; cat err
ls nothere f > out 2>err; echo $?; cat out err; >empty; ls | wc -l
echo x | cat | cat | cat | sum; false | true; echo $?; true | false; echo $?
(echo sub; cd /; pwd; exit 3); echo $? ; pwd
(echo a; echo b) | wc -l; ( (echo deep) )
echo *; echo /bin/s[lp]*; echo "*" \* '/bin/?s' /bin/?s /b[a-i]n/tr[!x]e nomatch*
sleep 0.01 & wait; echo waited $?
sh -c 'exit 5' & sleep 0.1; wait $!; echo $?; wait $!; wait 77777; echo $?
echo line \
continued
echo "multi
line"
true &&
echo after
echo a |
cat
cd nowhere; echo $?; cd; pwd
exec 2>/tmp/all; ls nowhere; exec 2>/dev/cons; cat /tmp/all
echo arguments $# $0 "$@" $1
. /in/dot; echo $V
sh /in/bad first 'second arg'; echo "status $status"
badjump; echo "$status" | grep -c "^sys: trap: fault execute"
echo input is left alone | sh -c 'cat; echo and'
sh </in/lines
(cat nothere; echo ok) >/tmp/both 2>&1; sum /tmp/both; cat nothere 2>&1 | wc; echo to 2 >&2; echo x 2>&7; echo $?
>/nowhere/x echo no; echo $?; pwd >/tmp/p; cat /tmp/p
echo done; exit 7
echo not reached
SH
echo 'V=from-dot' >dot
printf 'echo $0 $# "$1" "$2"\n; ; echo bad\necho not reached\n' >bad
printf 'echo by itself $1\n' >script2
chmod +x script2
printf 'echo first line\nhead -n 1\nto head, not to the shell\necho last line' >lines
run "$TARRY" run -o x.db --mem 64M --input script:/in/script --input dot:/in/dot --input bad:/in/bad --input lines:/in/lines \
    --input script2:/in/script2 sh /in/script arg1 'arg 2'
is "script: exit status" "$status" 7
is "script: output" "$(printf '%s\n' "$out$err" | grep -v 'badjump [0-9]*: sys: trap')" "$(cat <<'END'
hello, world
single $HOME "q" double 'x' $y "z" 0 back slash a"b#c
5 57 5 and 'more' end  
1 1
0 []
42 42
sh: nosuch: no such program
127
sh: /bin: is a directory
126
by itself
0
yes
yes
third
/tmp/a
one
two
2 2 8
cat: nothere: file does not exist
1
f
ls: nothere: file does not exist
5
46ea081f 2
0
1
sub
/
3
/tmp/a
2
deep
b empty err f out
/bin/sleep /bin/sleeper /bin/sparse /bin/spin /bin/spooky
* * /bin/?s /bin/ls /bin/ps /bin/true nomatch*
waited 0
5
127
line continued
multi
line
after
a
sh: nowhere: file does not exist
1
/
ls: nowhere: file does not exist
arguments 2 /in/script arg1 arg 2 arg1
from-dot
/in/bad 2 first second arg
sh: ;: syntax error
status 2
1
input is left alone
and
first line
to head, not to the shell
last line
d0abb602 37 /tmp/both
1 6 34
to 2
sh: redirection: bad file descriptor
1
sh: /nowhere/x: file does not exist
1
/
done
END
)"

for bad in 'echo "unfinished' "echo 'x" 'echo |' 'ls &&' '| cat' 'echo )' '( echo' '()' 'echo >' '; ;' 'a && || b'; do
    run "$TARRY" run -o x.db --mem 64M sh -c "$bad"
    is "syntax error in: $bad" "$status" 2
done
run "$TARRY" run -o x.db --mem 64M sh /nothing
is "a script that is not there" "$status" 127
is "... is said" "$out$err" "sh: /nothing: file does not exist"
run "$TARRY" run -o x.db --mem 64M sh -c '# nothing'
is "a text without commands" "$status" 0
run "$TARRY" run -o x.db --mem 64M sh -c '' 'a b' ''
is "an empty text" "$status" 0
run "$TARRY" run -o x.db --mem 64M sh -c 'echo $# "<$1>" "<$2>" "<$3>"' '' 'a  b' ''
is "empty arguments" "$out" '3 <> <a  b> <>'

# Input that is no terminal: its end is the end of the console's input.
for input in 'echo typed; cat\nnot a whole line' 'cat\n' ''; do
    status=0
    printf "$input" | timeout 20 "$TARRY" shell -o x.db --mem 64M >out 2>&1 || status=$?
    is "input that ends: exit status" "$status" 0
done
printf 'a\nnot a whole line' | timeout 20 "$TARRY" run -o x.db --mem 64M sh -c 'cat | sum' >out 2>&1
is "input that ends in the middle of a line" "$(tail -n 1 out | sed 's/^not a whole line//')" "$(printf 'a\nnot a whole line' | python3 -c 'import sys, zlib; d = sys.stdin.buffer.read(); print("%08x %d" % (zlib.crc32(d), len(d)))')"

# The console: a prompt, an editable line, ctrl-C for the job and not for the shell, ctrl-D. ctrl-C must come while a job runs, so this
# needs a terminal; of a pipe the machine takes input only when the guest waits for it (which keeps runs repeatable).
cat >dialogue.py <<'PY'
import os, pty, re, select, sys, time
DIALOGUE = [  # what is typed, and what must come then
    (None, r"tarry\$ $"),
    ("echo one\n", r"\none\r?\n.*tarry\$ $"),
    ("sh -c 'echo begun; spin 100000000'\n", r"\nbegun"),
    ("\x03", r"\^C\r?\n.*tarry\$ $"),
    ("echo $status $?\n", r"\ninterrupt 1\r?\n.*tarry\$ $"),
    ("(echo begun; spin 100000000) | cat\n", r"\nbegun"),
    ("\x03", r"tarry\$ $"),
    ("spin 100000000 & echo pid $!\n", r"\npid [0-9]+\r?\n.*tarry\$ $"),
    ("\x03", r"\^C"),
    ("ps | grep -c spin\n", r"\n1\r?\n.*tarry\$ $"),
    ("kill $!; wait $!; echo $status\n", r"\nkilled\r?\n.*tarry\$ $"),
    ("ehco\x7f\x7f\x7fcho two\n", r"\ntwo\r?\n.*tarry\$ $"),
    ("nothing at all\x15echo three\n", r"\nthree\r?\n.*tarry\$ $"),
    ("echo 'not\n", r"> $"),
    ("closed'\n", r"\nnot\r?\nclosed\r?\n.*tarry\$ $"),
    ("; ;\n", r"syntax error\r?\n.*tarry\$ $"),
    ("cat\n", r"cat\r?\n"),
    ("abc\n", r"abc\r?\nabc\r?\n"),
    ("\x04", r"tarry\$ $"),
    ("sh\n", r"tarry\$ $"),
    ("sh -c 'echo begun; spin 100000000'\n", r"\nbegun"),
    ("\x03", r"tarry\$ $"),
    ("exit 4\n", r"tarry\$ $"),
    ("echo $?; exit 3\n", r"\n4\r?\n"),
]
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
bad = 0
def expect(pattern, until):
    got = b""
    while not re.search(pattern, got.decode(errors="replace"), re.S):
        if not select.select([fd], [], [], max(0, until - time.monotonic()))[0]:
            return got
        try:
            got += os.read(fd, 4096)
        except OSError:
            return got
    return None
for typed, pattern in DIALOGUE:
    if typed is not None:
        os.write(fd, typed.encode())
    got = expect(pattern, time.monotonic() + 20)
    print("not ok" if got is not None else "ok", repr(typed), "" if got is None else f"got {got!r}", flush=True)
    if got is not None:
        os.kill(pid, 9)
        break
try:
    while os.read(fd, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
PY
run timeout 120 python3 dialogue.py "$TARRY" shell -o x.db --mem 64M
is "console: the dialogue" "$(grep -v '^ok' <<<"$out$err")" ""
is "console: all of it" "$(grep -c '^ok' <<<"$out")" "$(grep -c '^    (' dialogue.py)"
is "console: exit status" "$status" 3
done_testing
