#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The fuzzer's harness (tests/fuzz/fs_fuzz.c) without the fuzzer: images made now, the same with random bytes changed, and
# those that have once crashed something (tests/fuzz/crashes). `make soak` runs the fuzzer itself.
set -u
. "$(dirname "$0")/tap.sh"
cd "$(dirname "$0")/.." || exit 1

sanitize=
[ -n "${SANITIZE:-}" ] && sanitize="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
# shellcheck disable=SC2086
gcc -std=gnu11 -O1 -g -w $sanitize -DFS_FUZZ_MAIN -I. -Ifs -o "$work/fuzz" tests/fuzz/fs_fuzz.c "$BUILD"/host/fs/*.o
mkdir "$work/seeds"
ok "seeds are made" "$work/fuzz" --seed "$work/seeds"
ok "sound images" "$work/fuzz" "$work"/seeds/*
python3 - "$work" "${TARRY_SEED:-1}" <<'END'
import random, sys, os
work, seed = sys.argv[1], int(sys.argv[2], 0)
print(f"# TARRY_SEED={seed}")
r = random.Random(seed)
os.mkdir(f"{work}/changed")
seeds = sorted(os.listdir(f"{work}/seeds"))
for n in range(150):
    b = bytearray(open(f"{work}/seeds/{r.choice(seeds)}", "rb").read())
    for _ in range(r.randint(1, 6)):
        b[r.randrange(len(b))] = r.choice([0, 1, 2, 255, 127, 128, r.randrange(256)])
    open(f"{work}/changed/{n}", "wb").write(b)
END
ok "changed images" "$work/fuzz" "$work"/changed/*
for f in tests/fuzz/crashes/*; do
    [ -e "$f" ] && ok "once a crash: ${f##*/}" "$work/fuzz" "$f"
done
done_testing
