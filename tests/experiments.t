#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What docs/experiments.md and docs/figures.md claim of deferred I/O and of address translation, at small sizes: each claim is a test.
exec python3 "$(dirname "$0")/experiments/run" --small --tap
