/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc: a directory for each process, with
 *
 *   status    NAME PID PARENT NOTEGROUP STATE UTIME_NS   (parent 0: none)
 *   segment   a line for each segment: TYPE BASE TOP POLICY ATTRIBUTES REFERENCES
 *   ctl       written: "kill" ends the process, whatever it does about notes
 *   note      written: a note for the process
 *   notepg    written: a note for everyone in its note group, but for who writes
 *
 * A qid is the pid and the number of the file.
 */
#include <string.h>
#include "chan.h"
#include "procprivate.h"

enum { QDIR, QSTATUS, QSEGMENT, QCTL, QNOTE, QNOTEPG, QFILES, QBITS = 3 };

static const struct {
    const char *name;
    uint32_t perm;
} files[QFILES] = {[QSTATUS] = {"status", 0444}, [QSEGMENT] = {"segment", 0444}, [QCTL] = {"ctl", 0222},
            [QNOTE] = {"note", 0222},     [QNOTEPG] = {"notepg", 0222}};

static uint32_t pidof(const Chan *c)
{
    return (uint32_t)(c->qid >> QBITS);
}

static unsigned fileof(const Chan *c)
{
    return c->qid & ((1 << QBITS) - 1);
}

Chan *procroot(void)
{
    return newchan(&procdev, 0, true, NULL);
}

static uint32_t number(const char *name)
{
    uint64_t n = 0;
    for (const char *p = name; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || n > UINT32_MAX)
            return 0;
        n = n * 10 + (uint64_t)(*p - '0');
    }
    return n > UINT32_MAX || name[0] == '0' ? 0 : (uint32_t)n;
}

static int walk(Chan *dir, const char *name, Chan **out)
{
    uint64_t qid = 0;
    uint32_t pid = pidof(dir);
    if (pid == 0) {
        uint32_t n = number(name);
        if (procbypid(n) != NULL)
            qid = (uint64_t)n << QBITS | QDIR;
    } else if (procbypid(pid) != NULL) {
        for (unsigned i = QSTATUS; i < QFILES; i++)
            if (strcmp(files[i].name, name) == 0)
                qid = (uint64_t)pid << QBITS | i;
    }
    if (qid == 0)
        return error(T_ENOENT, "%s: file does not exist", name);
    *out = newchan(&procdev, qid, (qid & ((1 << QBITS) - 1)) == QDIR, NULL);
    return *out != NULL ? 0 : -T_ENOMEM;
}

static void fillstat(struct tarry_stat *st, uint64_t qid)
{
    char name[16] = "proc";
    unsigned file = qid & ((1 << QBITS) - 1);
    if (qid != 0)
        format(name, sizeof name, "%u", (uint32_t)(qid >> QBITS));
    synthstat(st, file == QDIR ? name : files[file].name, &procdev, qid,
              file == QDIR ? DMDIR | 0555 : files[file].perm);
}

static int stat(Chan *c, struct tarry_stat *st)
{
    fillstat(st, c->qid);
    return 0;
}

static int readdir(Chan *c, struct tarry_stat *st)
{
    if (pidof(c) != 0) {
        if (++c->cookie >= QFILES)
            return 0;
        fillstat(st, (uint64_t)pidof(c) << QBITS | c->cookie);
        return 1;
    }
    Proc *p = procafter((uint32_t)c->cookie);
    if (p == NULL)
        return 0;
    c->cookie = p->pid;
    fillstat(st, (uint64_t)p->pid << QBITS | QDIR);
    return 1;
}

static void statustext(const Proc *p, char *buf, size_t n)
{
    static const char *const states[] = {
        [PROC_FREE] = "new",
        [PROC_READY] = "ready",
        [PROC_RUNNING] = "running",
        [PROC_WAITING] = "waiting",
        [PROC_ZOMBIE] = "ended",
    };
    format(buf, n, "%s %u %u %u %s %lu\n", p->name, p->pid, p->parent != NULL ? p->parent->pid : 0, p->noteid,
           states[p->state], p->utime_ns);
}

static void segmenttext(const Proc *p, char *buf, size_t n)
{
#define ENUM(name, doc) static const char *const name##_names[] __attribute__((unused)) = {
#define VALUE(e, name, number, doc) #name,
#define ENUM_END(name) };
#include "../../traces/events.def"
    size_t len = 0;
    buf[0] = '\0';
    for (int i = 0; i < NSEG && len < n; i++) {
        const Segment *s = p->seg[i];
        if (s != NULL)
            len += (size_t)format(buf + len, n - len, "%s 0x%lx 0x%lx %s %s%s %u\n", segment_type_names[s->type],
                                  s->base, s->top, io_policy_names[s->policy], s->attr & SG_RONLY ? "r" : "rw",
                                  s->attr & SG_SHARED ? "s" : "", s->ref);
    }
}

static int64_t read(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    enum { TEXT = 2048 };
    Proc *p = procbypid(pidof(c));
    if (p == NULL)
        return error(T_ENOENT, "process %u has ended", pidof(c));
    char *text = kalloc(TEXT);
    if (text == NULL)
        return error(T_ENOMEM, "out of memory");
    if (fileof(c) == QSTATUS)
        statustext(p, text, TEXT);
    else
        segmenttext(p, text, TEXT);
    int64_t got = readtext(va, n, off, text);
    kfree(text);
    return got;
}

static int control(Proc *p, const char *word)
{
    if (strcmp(word, "kill") != 0)
        return error(T_EINVAL, "ctl: unknown request %s", word);
    killproc(p, "killed");
    return 0;
}

static int note(Proc *p, unsigned file, const char *text)
{
    if (text[0] == '\0' || strncmp(text, "sys:", 4) == 0)
        return error(T_EINVAL, "note: bad text");
    if (file == QNOTE)
        return postnote(p, text);
    notegroup(p->noteid, up, text);
    return 0;
}

static int64_t write(Chan *c, uint64_t va, uint64_t n, uint64_t off)
{
    char text[STATUS_MAX] = "";
    (void)off;
    if (n >= sizeof text)
        return error(T_EINVAL, "%s: text too long", files[fileof(c)].name);
    int err = copyin(text, va, n);
    if (err < 0)
        return err;
    text[strcspn(text, "\n")] = '\0';
    Proc *p = procbypid(pidof(c));
    if (p == NULL)
        return error(T_ENOENT, "process %u has ended", pidof(c));
    err = fileof(c) == QCTL ? control(p, text) : note(p, fileof(c), text);
    return err < 0 ? err : (int64_t)n;
}

const Dev procdev = {
    .letter = 'p', .seekable = true, .walk = walk, .read = read, .write = write, .readdir = readdir, .stat = stat};
