/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests/bench: about a thousand million instructions of ordinary code - a sieve, sorting, a checksum, a matrix,
 * a recursive function - without a trap. Prints a digest of all results, the same on every machine.
 */
#include "guest.h"

#define SIEVE 200000
#define SORTED 20000
#define SIDE 96

static uint8_t composite[SIEVE];
static uint32_t values[SORTED];
static uint64_t a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
static uint32_t table[256];

static uint64_t digest = 0xcbf29ce484222325ull;

static void mix(uint64_t value)
{
    digest = (digest ^ value) * 0x100000001b3ull;
}

static void sieve(void)
{
    unsigned primes = 0;
    for (unsigned i = 0; i < SIEVE; i++)
        composite[i] = 0;
    for (unsigned i = 2; i < SIEVE; i++) {
        if (composite[i])
            continue;
        primes++;
        for (unsigned k = 2 * i; k < SIEVE; k += i)
            composite[k] = 1;
    }
    mix(primes);
}

static void sift(uint32_t *v, unsigned root, unsigned n)
{
    for (unsigned child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && v[child] < v[child + 1])
            child++;
        if (v[root] >= v[child])
            return;
        uint32_t t = v[root];
        v[root] = v[child];
        v[child] = t;
    }
}

static void sort(void)
{
    uint32_t x = 1;
    for (unsigned i = 0; i < SORTED; i++)
        values[i] = x = x * 1664525 + 1013904223;
    for (unsigned i = SORTED / 2; i-- > 0;)
        sift(values, i, SORTED);
    for (unsigned n = SORTED; n-- > 1;) {
        uint32_t t = values[0];
        values[0] = values[n];
        values[n] = t;
        sift(values, 0, n);
    }
    for (unsigned i = 0; i < SORTED; i += 97)
        mix(values[i]);
}

static void checksum(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t r = i;
        for (int k = 0; k < 8; k++)
            r = r & 1 ? r >> 1 ^ 0xedb88320u : r >> 1;
        table[i] = r;
    }
    uint32_t crc = ~0u;
    for (unsigned i = 0; i < SIEVE; i++)
        crc = table[(crc ^ composite[i]) & 255] ^ crc >> 8;
    mix(crc);
}

static void multiply(void)
{
    for (unsigned i = 0; i < SIDE; i++)
        for (unsigned k = 0; k < SIDE; k++) {
            a[i][k] = i * 31 + k;
            b[i][k] = i ^ k * 7;
        }
    for (unsigned i = 0; i < SIDE; i++)
        for (unsigned k = 0; k < SIDE; k++) {
            uint64_t sum = 0;
            for (unsigned n = 0; n < SIDE; n++)
                sum += a[i][n] * b[n][k];
            c[i][k] = sum;
        }
    mix(c[SIDE / 2][SIDE / 3]);
}

static uint64_t __attribute__((noinline)) fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

int main(void)
{
    for (int round = 0; round < 36; round++) {
        sieve();
        sort();
        checksum();
        multiply();
        mix(fibonacci(22));
    }
    print("digest: ");
    print_hex(digest);
    print("\n");
    return 0;
}
