/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A harness for self-checking guest programs (usertests, defertests). Each test runs in a process of its own, so that a
 * crash is that test's failure only; it prints `ok NAME` or `not ok NAME: detail`.
 */
#ifndef TESTING_H
#define TESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test {
    const char *name;
    void (*run)(void); /* returns if all is well; else CHECK has ended the process */
};

/* Runs those tests whose names are among the arguments (none: all), in a fresh directory. Returns main's result. */
int run_tests(const char *program, const struct test *tests, size_t n, int argc, char **argv);

/* Ends the test (the process) with a message that has the line and what was expected. */
_Noreturn void test_failed(const char *file, int line, const char *what, long long value);
#define CHECK(cond) ((cond) ? (void)0 : test_failed(__FILE__, __LINE__, #cond, 0))
/* Both sides are evaluated once; the message has the value. */
#define CHECK_IS(expr, expected)                                                                                       \
    do {                                                                                                               \
        long long value_ = (long long)(expr);                                                                          \
        if (value_ != (long long)(expected))                                                                           \
            test_failed(__FILE__, __LINE__, #expr " is " #expected, value_);                                           \
    } while (0)

/* Runs fn(arg) in a child and returns its status text (static). fn may end with exits(text). */
const char *in_child(void (*fn)(void *), void *arg);

/* The bytes that test files are made of: byte i of the pattern `seed`. */
uint8_t pattern(unsigned seed, uint64_t i);
/* Fills buf with bytes first... of the pattern. */
void fill_pattern(void *buf, unsigned seed, uint64_t first, size_t n);
/* Is buf bytes first... of the pattern? */
bool is_pattern(const void *buf, unsigned seed, uint64_t first, size_t n);
/* Are all n bytes c? */
bool is_all(const void *buf, uint8_t c, size_t n);
/* Makes the file with n bytes of the pattern and leaves it open for reading and writing. Fails the test if that fails.
 */
int make_file(const char *name, unsigned seed, size_t n);
/* Is the file exactly n bytes of the pattern? */
bool file_is_pattern(const char *name, unsigned seed, size_t n);

/* A small random number generator. */
uint64_t random_next(uint64_t *state);

#endif
