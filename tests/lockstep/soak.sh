#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A few minutes of random programs in lockstep with QEMU, from TARRY_SEED on: part of make soak.
cd "$(dirname "$0")/../.." || exit 1
lockstep=${BUILD:-build}/tests/lockstep/lockstep
tests/lockstep/hunt.py "$lockstep" -t 120 &&
    tests/lockstep/hunt.py "$lockstep" -t 60 -s &&
    tests/lockstep/hunt.py "$lockstep" -t 60 -r 40
