# SPDX-License-Identifier: GPL-2.0-only
"""What theory says of misses: closed forms and fixed points, to stand beside what the TLB model counted.

A program uses `pages` pages one access at a time, in turn (cyclic) or independently at random with given
probabilities; a TLB of `entries` entries is full, and the start is forgotten. All answers are misses per access.
"""
import collections
import math


def sets_of(pages, entries, ways, apart=1):
    """How many of the pages 0, `apart`, 2 `apart`, ... fall into each set."""
    sets = entries // ways
    return list(collections.Counter(i * apart % sets for i in range(pages)).values())


def cyclic(pages, entries, ways, apart=1):
    """LRU and FIFO: a set with one page too many misses always, the others never."""
    return sum(n for n in sets_of(pages, entries, ways, apart) if n > ways) / pages


def cyclic_random(pages, entries):
    """Random replacement: a page is there still if none of the misses of one round chose its place."""
    m = 1.0
    for _ in range(10000):
        m = 1 - (1 - 1 / entries) ** (m * (pages - 1))
    return m if pages > entries else 0.0


def uniform(pages, entries, ways):
    """Each page equally likely: whatever the policy, the TLB is full of pages that are equally good."""
    return sum(max(0, n - ways) for n in sets_of(pages, entries, ways)) / pages


def zipf_classes(pages):
    """The probabilities of `reach --zipf`: page 0, then [1,2), [2,4), ... are equally likely."""
    classes = pages.bit_length()
    return [1 / classes] + [1 / classes / 2**k for k in range(classes - 1) for _ in range(2**k)]


def independent(p, entries, hit):
    """Independent references: the characteristic time at which `entries` pages are there, by bisection."""
    if len(p) <= entries:
        return 0.0
    low, high = -5.0, 60.0
    for _ in range(200):
        t = math.exp((low + high) / 2)
        if sum(hit(q * t) for q in p) < entries:
            low = (low + high) / 2
        else:
            high = (low + high) / 2
    return sum(q * (1 - hit(q * t)) for q in p)


def lru(p, entries):
    """Che, Tung and Wang, 2002."""
    return independent(p, entries, lambda x: 1 - math.exp(-x))


def fifo(p, entries):
    """FIFO and random replacement, which miss equally often (Gelenbe, 1973)."""
    return independent(p, entries, lambda x: x / (1 + x))
