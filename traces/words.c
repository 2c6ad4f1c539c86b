/* SPDX-License-Identifier: GPL-2.0-only */
#include "words.h"
#include <stdint.h>
#include <string.h>
#include "../guestos/include/tarry/abi.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A number with a name: a bit, or a value of the bits under the mask. */
struct name {
    int64_t value;
    const char *name;
};

static const struct name open_modes[] = {{OREAD, "OREAD"}, {OWRITE, "OWRITE"}, {ORDWR, "ORDWR"}, {OEXEC, "OEXEC"}};
static const struct name open_flags[] = {{OTRUNC, "OTRUNC"}, {OAPPEND, "OAPPEND"}, {OEXCL, "OEXCL"}};
static const struct name perm_flags[] = {{DMDIR, "DMDIR"}, {DMAPPEND, "DMAPPEND"}};
static const struct name rfork_flags[] = {{RFFDG, "RFFDG"},
                                          {RFNOTEG, "RFNOTEG"},
                                          {RFPROC, "RFPROC"},
                                          {RFMEM, "RFMEM"},
                                          {RFNOWAIT, "RFNOWAIT"}};
static const struct name attach_flags[] = {{SG_SHARED, "SG_SHARED"}, {SG_RONLY, "SG_RONLY"}};
static const struct name whences[] = {
    {SEEK_FROM_START, "SEEK_SET"}, {SEEK_FROM_HERE, "SEEK_CUR"}, {SEEK_FROM_END, "SEEK_END"}};
static const struct name hows[] = {{NCONT, "NCONT"}, {NDFLT, "NDFLT"}};
static const struct name handlers[] = {{NOTIFY_DEFAULT, "NOTIFY_DEFAULT"}, {NOTIFY_IGNORE, "NOTIFY_IGNORE"}};
static const struct name versions[] = {{(int64_t)CWRITE_READ, "CWRITE_READ"}};

/* How an argument is written, by the name that abi.h gives it. What is not listed is an address: hex. */
static const struct argument {
    const char *name;
    enum { TEXT, ARGV, NUMBER, NAMED, FLAGS, OPEN_MODE, PERMISSIONS } how;
    const struct name *names;
    unsigned n;
    const char *other; /* NAMED: the format of numbers without a name */
} arguments[] = {
    {"path", TEXT, NULL, 0, NULL},
    {"class", TEXT, NULL, 0, NULL},
    {"status", TEXT, NULL, 0, NULL},
    {"argv", ARGV, NULL, 0, NULL},
    {"fd", NUMBER, NULL, 0, NULL},
    {"newfd", NUMBER, NULL, 0, NULL},
    {"n", NUMBER, NULL, 0, NULL},
    {"len", NUMBER, NULL, 0, NULL},
    {"offset", NUMBER, NULL, 0, NULL},
    {"ns", NUMBER, NULL, 0, NULL},
    {"ms", NUMBER, NULL, 0, NULL},
    {"mode", OPEN_MODE, NULL, 0, NULL},
    {"perm", PERMISSIONS, NULL, 0, NULL},
    {"flags", FLAGS, rfork_flags, COUNT(rfork_flags), NULL},
    {"attr", FLAGS, attach_flags, COUNT(attach_flags), NULL},
    {"whence", NAMED, whences, COUNT(whences), "%d"},
    {"how", NAMED, hows, COUNT(hows), "%d"},
    {"handler", NAMED, handlers, COUNT(handlers), "0x%x"},
    {"version", NAMED, versions, COUNT(versions), "%d"},
};

/* Each of these appends an SQL expression for argument i. */

static void flags(sqlite3_str *sql, unsigned i, const struct name *names, unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        sqlite3_str_appendf(sql, "%sCASE WHEN (t.a%u & %lld) <> 0 THEN '|%s' ELSE '' END", k ? " || " : "", i, (long long)names[k].value,
                            names[k].name);
}

static void named(sqlite3_str *sql, unsigned i, const char *mask, const struct name *names, unsigned n,
                  const char *other)
{
    sqlite3_str_appendf(sql, "CASE t.a%u%s", i, mask);
    for (unsigned k = 0; k < n; k++)
        sqlite3_str_appendf(sql, " WHEN %lld THEN '%s'", (long long)names[k].value, names[k].name);
    sqlite3_str_appendf(sql, " ELSE printf('%s', t.a%u) END", other, i);
}

static void argument(sqlite3_str *sql, const char *name, size_t length, unsigned i)
{
    const struct argument *a = arguments, *end = arguments + COUNT(arguments);
    while (a < end && (strlen(a->name) != length || strncmp(a->name, name, length) != 0))
        a++;
    if (a == end) {
        sqlite3_str_appendf(sql, "printf('0x%%x', t.a%u)", i);
        return;
    }
    switch (a->how) {
    case TEXT: /* not known if the call did not get so far */
        sqlite3_str_appendf(sql, "CASE WHEN t.text > 0 THEN '\"' || replace(replace(x.text, '\\', '\\\\'), '\"', '\\\"') || '\"'"
                                 " ELSE printf('0x%%x', t.a%u) END", i);
        break;
    case ARGV: /* known if the call came to run the program */
        sqlite3_str_appendf(sql, "coalesce((SELECT '[' || a.text || ']' FROM program AS g JOIN string AS a"
                                 " ON a.id = g.arguments WHERE g.proc = t.proc AND g.cause = t.id),"
                                 " printf('0x%%x', t.a%u))",
                            i);
        break;
    case NUMBER:
        sqlite3_str_appendf(sql, "printf('%%d', t.a%u)", i);
        break;
    case NAMED:
        named(sql, i, "", a->names, a->n, a->other);
        break;
    case FLAGS:
        sqlite3_str_appendall(sql, "coalesce(nullif(substr(");
        flags(sql, i, a->names, a->n);
        sqlite3_str_appendall(sql, ", 2), ''), '0')");
        break;
    case OPEN_MODE:
        named(sql, i, " & 3", open_modes, COUNT(open_modes), "%d");
        sqlite3_str_appendall(sql, " || ");
        flags(sql, i, open_flags, COUNT(open_flags));
        break;
    case PERMISSIONS:
        sqlite3_str_appendall(sql, "ltrim(");
        flags(sql, i, perm_flags, COUNT(perm_flags));
        sqlite3_str_appendf(sql, " || printf('|0%%03o', t.a%u & 511), '|')", i);
        break;
    }
}

static void call(sqlite3_str *sql, int number, const char *name, const char *args)
{
    sqlite3_str_appendf(sql, " WHEN %d THEN '%s('", number, name);
    for (unsigned i = 0; *args != '\0'; i++) {
        size_t length = strcspn(args, " ");
        sqlite3_str_appendf(sql, " || %s", i ? "', ' || " : "");
        sqlite3_str_appendall(sql, "(");
        argument(sql, args, length, i);
        sqlite3_str_appendall(sql, ")");
        args += length + (args[length] == ' ');
    }
    sqlite3_str_appendall(sql, " || ')'");
}

void words_select(sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, "SELECT t.id, t.insn, t.ts, t.dur, t.proc, p.pid AS proc_pid, t.cause, CASE t.number");
#define X(n, name, args, doc) call(sql, n, #name, args);
    TARRY_SYSCALLS(X)
#undef X
    sqlite3_str_appendf(sql,
                        " ELSE printf('%%d(0x%%x, 0x%%x, 0x%%x, 0x%%x, 0x%%x)', t.number, t.a0, t.a1, t.a2, t.a3, t.a4)"
                        " END || ' = ' || CASE WHEN t.result IS NULL THEN '?' WHEN t.result BETWEEN -4095 AND -1 THEN"
                        " coalesce((SELECT name FROM enum_error WHERE id = -t.result), CAST(t.result AS TEXT)) ||"
                        " CASE WHEN t.errstr > 0 THEN ' (' || e.text || ')' ELSE '' END WHEN t.number IN (%d, %d) THEN"
                        " printf('0x%%x', t.result) ELSE CAST(t.result AS TEXT) END AS call"
                        " FROM syscall AS t LEFT JOIN string AS x ON x.id = t.text"
                        " LEFT JOIN string AS e ON e.id = t.errstr"
                        " LEFT JOIN process AS p ON p.id = t.proc",
                        SYS_segattach, SYS_brk);
}

/* Argument i, with a comma before it: '' if the call has not so many. */
static void other_argument(sqlite3_str *sql, unsigned i)
{
    sqlite3_str_appendf(sql, "CASE substr(n.arguments, %u, 1) WHEN '' THEN '' WHEN 'd' THEN printf(', %%d', t.a%u)"
                             " WHEN 'n' THEN printf(', %%u', t.a%u) WHEN 'o' THEN printf(', 0%%o', t.a%u)"
                             " WHEN 'f' THEN CASE WHEN t.a%u = -100 THEN ', AT_FDCWD' ELSE printf(', %%d', t.a%u) END"
                             " ELSE CASE WHEN x.text IS NOT NULL AND instr(n.arguments, 's') = %u THEN ', \"' ||"
                             " replace(replace(x.text, '\\', '\\\\'), '\"', '\\\"') || '\"'"
                             " ELSE printf(', 0x%%x', t.a%u) END END",
                        i + 1, i, i, i, i, i, i + 1, i);
}

void words_ecalls(sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, "SELECT t.id, t.insn, t.ts, t.dur, t.root, t.pc, coalesce(n.name, CAST(t.number AS TEXT)) || '(' ||"
                               " CASE WHEN n.arguments IS NULL THEN printf('0x%x, 0x%x, 0x%x, 0x%x, 0x%x, 0x%x',"
                               " t.a0, t.a1, t.a2, t.a3, t.a4, t.a5) ELSE substr(");
    for (unsigned i = 0; i < 6; i++) {
        sqlite3_str_appendall(sql, i ? " || " : "");
        other_argument(sql, i);
    }
    sqlite3_str_appendall(sql, ", 3) END || ') = ' || CASE WHEN t.result IS NULL THEN '?' WHEN t.result BETWEEN -4095 AND -1"
                               " THEN coalesce((SELECT name FROM ecall_error WHERE number = -t.result), CAST(t.result AS TEXT))"
                               " WHEN n.name IN ('mmap', 'mremap', 'brk', 'sbrk') THEN printf('0x%x', t.result)"
                               " ELSE CAST(t.result AS TEXT) END AS call FROM ecall AS t LEFT JOIN ecall_name AS n USING (number)"
                               " LEFT JOIN string AS x ON x.id = t.text");
}
