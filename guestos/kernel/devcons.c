/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/cons and /dev/consctl. Written to consctl: "rawon", "rawoff", "fg PID" (the note group of that
 * process gets ctrl-C). Read from it: the mode, "line", "raw" or "plain".
 */
#include <string.h>
#include "chan.h"
#include "cons.h"
#include "io.h"
#include "procprivate.h"

enum { CHUNK = 512 };

static int64_t consdevread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    char line[CHUNK];
    (void)c;
    (void)off;
    if (n == 0)
        return 0;
    int64_t got = consread(line, n < CHUNK ? n : CHUNK);
    if (got <= 0)
        return got;
    int err = copyout(va, line, (size_t)got);
    return err < 0 ? err : got;
}

static int64_t consdevwrite(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    char text[CHUNK];
    (void)c;
    (void)off;
    for (uint64_t done = 0; done < n;) {
        uint64_t part = n - done < CHUNK ? n - done : CHUNK;
        int err = done > 0 ? breathe() : 0;
        if (err == 0)
            err = copyin(text, va + done, part);
        if (err < 0)
            return done > 0 ? (int64_t)done : err;
        for (uint64_t i = 0; i < part; i++)
            uartputc(text[i]);
        done += part;
    }
    return (int64_t)n;
}

static int consstat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "cons", &consdev, c->qid, 0666);
    return 0;
}

static int foreground(const char *digits)
{
    uint32_t pid = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++)
        pid = pid * 10 + (uint32_t)(*digits - '0');
    Proc *p = procbypid(pid);
    if (p == NULL)
        return error(T_EINVAL, "consctl: no process %u", pid);
    consforeground(p->noteid);
    return 0;
}

static int64_t consctlwrite(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    char word[32] = "";
    (void)c;
    (void)off;
    if (n >= sizeof word)
        return error(T_EINVAL, "consctl: unknown request");
    int err = copyin(word, va, n);
    if (err < 0)
        return err;
    word[strcspn(word, "\n")] = '\0';
    if (strcmp(word, "rawon") == 0)
        consraw(true);
    else if (strcmp(word, "rawoff") == 0)
        consraw(false);
    else if (strncmp(word, "fg ", 3) == 0)
        err = foreground(word + 3);
    else
        err = error(T_EINVAL, "consctl: unknown request %s", word);
    return err < 0 ? err : (int64_t)n;
}

static int64_t consctlread(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    (void)c;
    return readtext(va, n, off, consmode());
}

static int consctlstat(Chan *c, struct tarry_stat *st)
{
    synthstat(st, "consctl", &consctldev, c->qid, 0666);
    return 0;
}

const Dev consdev = {.letter = 'c', .read = consdevread, .write = consdevwrite, .stat = consstat};
const Dev consctldev = {.letter = 'c', .seekable = true, .read = consctlread, .write = consctlwrite, .stat = consctlstat};
