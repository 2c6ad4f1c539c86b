/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chmod MODE FILE...: permissions. MODE is octal digits, or letters after + or -: r, w, x of everybody, and a: append-only.
 */
#include <string.h>
#include "tarry.h"

static const char help[] = "chmod MODE FILE...\n"
                           "Changes the mode of each FILE: MODE is three octal digits, or + or - and letters:\n"
                           "r (read), w (write), x (execute), all of everybody; a (append-only: what is written goes to the end).";

static struct {
    bool octal;
    uint32_t set, clear;
} change;

static bool parse_octal(const char *s)
{
    if (strlen(s) != 3 || strspn(s, "01234567") != 3)
        return false;
    change.octal = true;
    for (; *s; s++)
        change.set = change.set * 8 + (uint32_t)(*s - '0');
    return true;
}

static bool parse_letters(const char *s)
{
    static const char letters[] = "rwxa";
    static const uint32_t bits[] = {0444, 0222, 0111, DMAPPEND};
    uint32_t *mask = *s == '+' ? &change.set : &change.clear;
    if ((*s != '+' && *s != '-') || !s[1])
        return false;
    for (s++; *s; s++) {
        const char *at = strchr(letters, *s);
        if (!at)
            return false;
        *mask |= bits[at - letters];
    }
    return true;
}

static int change_mode(const char *path)
{
    struct tarry_stat st;
    struct tarry_wstat w;
    if (dirstat(path, &st) < 0)
        return -1;
    memset(&w, 0xff, sizeof w);
    w.name[0] = 0;
    w.mode = change.octal ? (st.mode & DMAPPEND) | change.set : (st.mode | change.set) & ~change.clear;
    return dirwstat(path, &w);
}

int main(int argc, char **argv)
{
    int failed = 0;
    if (help_asked(argc, argv, help))
        return 0;
    if (argc < 3 || (!parse_octal(argv[1]) && !parse_letters(argv[1])))
        usage(help);
    for (int i = 2; i < argc; i++)
        if (change_mode(argv[i]) < 0) {
            complain(argv[i]);
            failed = 1;
        }
    return failed;
}
