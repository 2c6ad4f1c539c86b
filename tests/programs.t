#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The small programs of the guest: what they print, beside the host's own tools where these say the same.
set -u
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1

python3 - <<'PY'
import random
r = random.Random(1)
words = "wolf sheep Wolf a.b a+b [x] dog$ ^hat tab\there".split()
with open("text", "w") as f:
    for i in range(3000):
        f.write(" ".join(r.choice(words) for _ in range(i % 7)) + "\n")
    f.write("no newline at the end")
with open("bin", "wb") as f:
    f.write(r.randbytes(777777))
open("empty", "w").close()
PY
inputs=(--input text:/in/text --input bin:/in/bin --input empty:/in/empty)

# guest SCRIPT: runs it in the guest's shell; lines "== NAME" divide its output into files NAME.got
guest() {
    printf '%s\n' "$1" >script
    run "$TARRY" run -o x.db --mem 64M "${inputs[@]}" --input script:/in/script sh /in/script
    printf '%s\n' "$out$err" | awk '/^== / { f = $2 ".got"; printf "" >f; next } f { print >f }'
}
# same NAME EXPECTED: what the guest printed under NAME
same() { is "$1" "$(cat "$1.got" 2>/dev/null)" "$2"; }

guest 'cd /in
echo == copied; cat bin | sum; cat <bin | sum; cat bin text - </in/empty | sum
echo == sum; sum text bin empty
echo == wc; wc text empty; wc -lc bin; wc -l text; wc -wc <text
echo == head; head -n 3 text; head -n 0 text; head -c 5 bin | sum; cat text | head
echo == grep; grep -n wolf text | sum; grep -c wolf text; grep -vc wolf text; grep -ic WOLF text
echo == regex; grep -c "^wolf" text; grep -c "sheep\$" text; grep -c "^\$" text; grep -c "[ws][oh]l*[^xyz]" text; grep -c "a.b" text; grep -c "a\.b" text; grep -cF "a.b" text; grep -c "\^hat" text; grep -c "[a-dx]*\]" text; grep -c "end\$" text
echo == greps; grep -c end text bin empty; grep nothinglikethis text; echo $?; grep -n newline text; grep "[x" text; echo $?
echo == end'
is "tools: exit status" "$status" 0
crc() { python3 -c 'import sys, zlib; d = b"".join(open(f, "rb").read() for f in sys.argv[1:]); print("%08x %d" % (zlib.crc32(d), len(d)))' "$@"; }
same copied "$(crc bin; crc bin; crc bin text)"
same sum "$(for f in text bin empty; do echo "$(crc $f) $f"; done)"
wcs() { LC_ALL=C wc "$@" | awk '{ $1 = $1; print }'; }
same wc "$(wcs text empty; wcs -lc bin; wcs -l text; wcs -wc <text)"
head -c 5 bin >five
same head "$(head -n 3 text; crc five; head text)"
grep -n wolf text >matches
same grep "$(crc matches; grep -c wolf text; grep -vc wolf text; grep -ic WOLF text)"
same regex "$(for p in '^wolf' 'sheep$' '^$' '[ws][oh]l*[^xyz]' 'a.b' 'a\.b'; do grep -c "$p" text; done; grep -cF a.b text; for p in '\^hat' '[a-dx]*\]' 'end$'; do grep -c "$p" text; done)"
same greps "$(grep -c end text empty | sed "1a bin:$(grep -ac end bin)"; echo 1; grep -n newline text; echo 'grep: [x: no ] after ['; echo 2)"

guest 'mkdir /d; cd /d
echo == touch; touch a b; ls; touch a
echo == lsl; echo hello >a; ls -l; ls -l a b /in
echo == mkdir; mkdir x x/y; mkdir -p x/y/z/w x/y; mkdir x; echo $?; ls x x/y; mkdir nowhere/x; echo $?
echo == cp; cp a c; cat c; cp /in/bin x/y; sum x/y/bin; cp -r x x2; ls x2/y; sum x2/y/bin; cp x x3; echo $?; cp -r x x/y; echo $?; cp a a; echo $?; cp a c x2; ls x2; cp a b nodir; echo $?
echo == mv; mv a e; ls; mv e x2/f; cat x2/f; mv x2/f b; cat b; mv x2 moved; ls moved; mv nothere z; echo $?
echo == rm; rm c; rm moved; echo $?; rm -r moved; ls; rm nothere; echo $?; rm -f nothere; echo $?; rm -rf x nothere; ls
echo == cat; cat b nothere b; echo $?; cat /dev/null; echo $?
echo == left; cd /; rm -r /d; ls /d; echo $?
echo == end'
same touch "$(printf 'a\nb')"
sed -i 's/ *[0-9]* \(script\|text\)$/ SIZE \1/' lsl.got
same lsl "$(cat <<'END'
-rw-rw-rw-            6 a
-rw-rw-rw-            0 b
-rw-rw-rw-            6 a
-rw-rw-rw-            0 b
/in:
-rw-r--r--       777777 bin
-rw-r--r--            0 empty
-rw-r--r-- SIZE script
-rw-r--r-- SIZE text
END
)"
same mkdir "$(cat <<'END'
mkdir: x: file already exists
1
x:
y
x/y:
z
mkdir: nowhere/x: file does not exist
1
END
)"
same cp "$(cat <<END
hello
$(crc bin) x/y/bin
bin
z
$(crc bin) x2/y/bin
cp: x: is a directory (-r copies directories)
1
cp: x/y/x: lies in the directory to be copied
1
cp: a: is the same file
1
a
c
y
cp: nodir: is not a directory
1
END
)"
same mv "$(cat <<'END'
b
c
e
x
x2
hello
hello
a
c
y
mv: nothere: file does not exist
1
END
)"
same rm "$(cat <<'END'
rm: moved: is a directory
1
b
x
rm: nothere: file does not exist
1
0
b
END
)"
same cat "$(cat <<'END'
hello
cat: nothere: file does not exist
hello
1
0
END
)"
same left "$(printf 'ls: /d: file does not exist\n1')"

# Misuse: usage and status 2; --help: usage and status 0.
guest 'echo == misuse
'"$(for p in cat cp grep head kill ls mkdir mv ps reach resnap ring rm sleep sparse spin sum touch wc sh faultloop; do
    echo "$p --nonsense >/dev/null 2>/err; echo $p \$?; grep -c ^usage: /err"
    echo "$p --help >/out; echo $p \$?; grep -c ^usage: /out"
done)"
same misuse "$(for p in cat cp grep head kill ls mkdir mv ps reach resnap ring rm sleep sparse spin sum touch wc sh faultloop; do
    printf '%s 2\n1\n%s 0\n1\n' $p $p; done)"

guest 'echo == echo; echo a  b; echo -n no newline; echo; echo; echo "" x
echo == truth; true; echo $?; false; echo $?
echo == sleep; sleep 0.5; echo $?; sleep 1x >/dev/null 2>/dev/null; echo $?
echo == kill; sleep 1000 & kill $!; wait $!; echo $status; kill 99999; echo $?
echo == ps; ps | grep -c "running .* ps\$"; sleep 5 & ps | grep -c "waiting .* sleep\$"; kill $!
echo == spin; spin 1; spin 0; faultloop 1000; faultloop 1000 10
echo == reach; reach 3; reach --random --accesses 1000 --apart 7 --store 2 100 | grep -c "pages=.* kernel=[0-9]*\$"; reach --random 100; reach --zipf --store 64; reach --zipf 65 2>/dev/null; echo $?
echo == resnap; cp /in/bin /s; resnap /s; resnap /s --stores 90 --apart 2 --rounds 2 --fork; resnap /s --stores 100 --apart 2; echo $?; sum /s
echo == ring; ring; ring --processes 5 --pages 0 --rounds 3; ring --processes 1 2>/dev/null; echo $?
echo == end'
run timeout 60 "$TARRY" run --trace none cat /dev/consctl # it has an end, as other files of text
is "the console's mode is read once" "$status $out" "0 plain"
same echo "$(printf 'a b\nno newline\n\n x')"
same truth "$(printf '0\n1')"
same sleep "$(printf '0\n2')"
same kill "$(printf 'killed\nkill: 99999: /proc/99999/note: file does not exist\n1')"
same ps "$(printf '1\n1')"
spin() { python3 -c '
import sys
m, x, s, t = (1 << 64) - 1, 88172645463325252, 0, [0] * 4096
for i in range(int(sys.argv[1])):
    x = (x * 6364136223846793005 + 1442695040888963407) & m
    k = x >> 52
    t[k] = (t[k] + (x ^ i)) & m
    if x & 1 << 31: s = (s + t[k]) & m
    else: s = ((s ^ t[k]) << 1 | s >> 63) & m
print("checksum=%d" % (s >> 1))' "$1"; }
same spin "$(spin 1000000; spin 0; echo "faults=1000 sum=$(((255 * 256 / 2) * 3 + 231 * 232 / 2))"; echo "faults=1000 sum=$((45 * 100))")"
reach() { python3 -c '
import sys
order, pages = sys.argv[1], int(sys.argv[2])
m, x, s = (1 << 64) - 1, 88172645463325252, 0
for i in range(10000):
    x ^= x << 13 & m; x ^= x >> 7; x ^= x << 17 & m
    first = (1 << (x >> 40) % pages.bit_length()) >> 1
    s += {"cyclic": i % pages, "random": x % pages, "zipf": first + (x & (first - 1)) if first else 0}[order]
print("pages=%d sum=%d" % (pages, s))' "$@"; }
sed -i 's/ kernel=[0-9]*$//' reach.got
same reach "$(reach cyclic 3; echo 2; reach random 100; reach zipf 64; echo 2)"
same resnap "$(printf 'rounds=3 more=16\nrounds=2 more=180\nresnap: /s: too short\n1\n'; python3 -c '
import struct, zlib
d = bytearray(open("bin", "rb").read())
def store(n, apart):
    for at in range(0, n * apart * 4096, apart * 4096):
        struct.pack_into("<Q", d, at, struct.unpack_from("<Q", d, at)[0] + 1 & (1 << 64) - 1)
pages = len(d) // 4096
store(pages, 1)
for i in range(5): store(8, 1) # the last stores of the third round are not written
store(pages, 1) # the second run; a fork writes nothing back
print("%08x %d /s" % (zlib.crc32(d), len(d)))')"
same ring "$(printf 'processes=%d rounds=%d wrong=0\n' 2 108 5 11; echo 2)"
guest 'echo one >/f; echo == chmod; chmod 640 /f; ls -l /f; chmod +a /f; echo two >/f; cat /f; ls -l /f; chmod -wa /f; ls -l /f; echo three >/f; echo $?; chmod +a nothere; echo $?
echo == df; df; df -b; sync; echo $?
echo == end'
same chmod "$(printf '%s\n' '-rw-r-----            4 /f' one two 'arw-r-----            8 /f' '-r--r-----            8 /f' 'sh: /f: permission denied' 1 'chmod: nothere: file does not exist' 1)"
is "df counts in KiB" "$(sed -n 2p df.got | awk '{ print $1 == $2 + $3, $1 }')" "1 16777216"
is "df -b counts in blocks" "$(sed -n 4p df.got | awk '{ print $1 == $2 + $3, $1 }')" "1 4194304"
is "sync: status" "$(sed -n '5,$p' df.got)" 0

done_testing
