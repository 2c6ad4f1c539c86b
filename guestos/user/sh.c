/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sh: the shell.
 *
 *   sh                commands from the input; with a prompt if that is the console
 *   sh FILE [ARG...]  commands from a file
 *   sh -c TEXT [ARG...]
 *
 * A line is a list of pipelines joined by ; & && ||, each made of commands joined by |; (LIST) is a command.
 * Redirections: < > >> and, for another descriptor, 2> 2>>; 2>&1 makes 2 what 1 is. '...' keeps everything, "..." all
 * but $ and \, \ one character; # begins a comment. * ? [set] in a word stand for the names that match. NAME=value sets
 * a variable; $NAME ${NAME} $1...$9 $# $* $0 $$ $! use one; $? is the last exit code, $status the last status as text.
 * Values are not split into words. Built in: cd exit wait exec pwd and "." (commands of a file in this shell). What
 * there is not: functions, if, for, here documents, an environment.
 *
 * On the console every job is a note group of its own and is made the console's foreground group while the shell waits
 * for it: ctrl-C ends the job and not the shell, which ignores the note.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tarry.h"

static const char help[] = "sh [FILE [ARG...]]\n"
                           "       sh -c TEXT [ARG...]\n"
                           "Runs commands from FILE, from TEXT, or from the input.";

enum { MISUSE = 2, NOT_RUNNABLE = 126, NOT_FOUND = 127 };

/* ---- the parts of a line ---- */

struct redirect {
    int fd, flags;
    int from;         /* >&N: N, else -1 */
    const char *word; /* the file's name, as written */
    struct redirect *next;
};

struct command {
    struct list *sub;   /* (LIST), else NULL */
    const char **words; /* as written, with their quotes */
    size_t nwords;
    struct redirect *redirects;
    struct command *next; /* of the pipeline */
};

enum join { ALWAYS, IF_SUCCEEDED, IF_FAILED };

struct pipeline {
    struct command *commands;
    enum join join; /* with the one before it */
    struct pipeline *next;
};

struct list {
    struct pipeline *pipelines;
    bool background;
    struct list *next;
};

/* ---- memory: what a line needs lives until the line is done ---- */

struct chunk {
    struct chunk *next;
    max_align_t data[];
};

static struct chunk *line_memory;

static void *allocate(size_t n)
{
    struct chunk *c = calloc(1, sizeof *c + n);
    if (!c) {
        complain_of("memory", "none left");
        exits("1");
    }
    c->next = line_memory;
    line_memory = c;
    return c->data;
}

static void free_until(struct chunk *mark)
{
    while (line_memory != mark) {
        struct chunk *c = line_memory;
        line_memory = c->next;
        free(c);
    }
}

/* A string or an array that grows. */
struct text {
    char *s;
    size_t n, room;
};

static void append(struct text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->room) {
        char *bigger = allocate(t->room = 2 * (t->n + n + 1));
        if (t->n)
            memcpy(bigger, t->s, t->n);
        t->s = bigger;
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

struct words {
    char **w;
    size_t n, room;
};

static void add_word(struct words *ws, char *s)
{
    if (ws->n + 2 > ws->room) {
        char **bigger = allocate((ws->room = 2 * ws->room + 8) * sizeof *bigger);
        if (ws->n)
            memcpy(bigger, ws->w, ws->n * sizeof *bigger);
        ws->w = bigger;
    }
    ws->w[ws->n++] = s;
    ws->w[ws->n] = NULL;
}

static char *copy(const char *s, size_t n)
{
    char *c = allocate(n + 1);
    memcpy(c, s, n);
    return c;
}

/* ---- state ---- */

static bool interactive;
static char last_status[256]; /* of the last command */
static long last_background;
static int nargs; /* $0 is args[0] */
static char **args;

static struct variable {
    char *name, *value;
    struct variable *next;
} *variables;

static void set_status(const char *s)
{
    strncpy(last_status, s, sizeof last_status - 1);
}

static void set_code(int code)
{
    *put_number(last_status, code) = 0;
    if (!code)
        last_status[0] = 0;
}

static struct variable *find_variable(const char *name, size_t n)
{
    for (struct variable *v = variables; v; v = v->next)
        if (strncmp(v->name, name, n) == 0 && !v->name[n])
            return v;
    return NULL;
}

static void set_variable(const char *name, size_t n, const char *value)
{
    struct variable *v = find_variable(name, n);
    if (!v) {
        v = calloc(1, sizeof *v);
        if (!v || !(v->name = strndup(name, n)))
            exits("1");
        v->next = variables;
        variables = v;
    }
    free(v->value);
    v->value = strdup(value);
}

/* ---- where commands come from ---- */

struct source {
    const char *text; /* a text in memory, or NULL: lines from the input */
};

static bool append_input_line(struct text *t)
{
    char buf[256];
    bool seekable = lseek(0, 0, SEEK_CUR) >= 0 && !interactive;
    for (;;) {
        /* Take no more than the line: the rest may be the input of a command. The console gives a line at a time. */
        ssize_t n = read(0, buf, seekable || interactive ? sizeof buf : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return t->n > 0;
        char *nl = memchr(buf, '\n', (size_t)n);
        size_t use = nl ? (size_t)(nl - buf) + 1 : (size_t)n;
        append(t, buf, use);
        if (use < (size_t)n)
            lseek(0, (off_t)use - n, SEEK_CUR);
        if (nl)
            return true;
    }
}

/* Appends the next line to t; false at the end. */
static bool append_line(struct source *from, struct text *t, const char *prompt)
{
    if (!from->text) {
        struct text line = {0};
        if (interactive)
            write_all(1, prompt, strlen(prompt));
        if (!append_input_line(&line))
            return false;
        append(t, line.s, line.n);
        return true;
    }
    if (!*from->text)
        return false;
    const char *nl = strchr(from->text, '\n');
    size_t n = nl ? (size_t)(nl - from->text) + 1 : strlen(from->text);
    append(t, from->text, n);
    from->text += n;
    return true;
}

/* ---- parser ---- */

enum outcome { PARSED, INCOMPLETE, WRONG };

struct parser {
    const char *p;
    enum outcome outcome;
};

static void fail_at(struct parser *ps, const char *p)
{
    if (ps->outcome != PARSED)
        return;
    ps->outcome = WRONG;
    char *near = copy(p, *p == '\n' || !*p ? 0 : strcspn(p, " \t\n"));
    complain_of(*near ? near : "end of line", "syntax error");
}

static void skip_blanks(struct parser *ps)
{
    for (;; ps->p++) {
        if (ps->p[0] == '\\' && ps->p[1] == '\n') {
            ps->p++;
            if (!ps->p[1]) {
                ps->outcome = INCOMPLETE;
                ps->p++;
                return;
            }
        } else if (*ps->p == '#') {
            ps->p += strcspn(ps->p, "\n");
            return;
        } else if (*ps->p != ' ' && *ps->p != '\t') {
            return;
        }
    }
}

static bool ends_word(char c)
{
    return !c || strchr(" \t\n;&|<>()", c) != NULL;
}

/* The word at p, quotes and all; NULL if there is none. */
static const char *parse_word(struct parser *ps)
{
    const char *start = ps->p;
    while (!ends_word(*ps->p)) {
        char c = *ps->p++;
        if (c == '\\' && *ps->p && !(*ps->p == '\n' && !ps->p[1])) {
            ps->p++;
        } else if (c == '\\') {
            ps->outcome = INCOMPLETE;
            return NULL;
        } else if (c == '\'' || c == '"') {
            while (*ps->p && *ps->p != c)
                ps->p += c == '"' && ps->p[0] == '\\' && ps->p[1] ? 2 : 1;
            if (!*ps->p++) {
                ps->p--;
                ps->outcome = INCOMPLETE;
                return NULL;
            }
        }
    }
    return ps->p == start ? NULL : copy(start, (size_t)(ps->p - start));
}

static void parse_target(struct parser *ps, struct redirect *r)
{
    bool output = r->flags != O_RDONLY;
    if (output && *ps->p == '>') {
        r->flags = O_WRONLY | O_CREAT | O_APPEND;
        ps->p++;
    } else if (*ps->p == '&' && isdigit((unsigned char)ps->p[1]) && ends_word(ps->p[2])) {
        r->from = ps->p[1] - '0';
        ps->p += 2;
        return;
    }
    skip_blanks(ps);
    const char *at = ps->p;
    if (!(r->word = parse_word(ps)) && ps->outcome == PARSED)
        fail_at(ps, at);
}

/* A redirection at p (perhaps after its descriptor's digit); false if there is none. */
static bool parse_redirect(struct parser *ps, struct redirect ***tail)
{
    const char *p = ps->p;
    bool digit = isdigit((unsigned char)p[0]) && (p[1] == '<' || p[1] == '>');
    char c = p[digit];
    if (c != '<' && c != '>')
        return false;
    struct redirect *r = allocate(sizeof *r);
    r->fd = digit ? p[0] - '0' : c == '>';
    r->flags = c == '<' ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
    r->from = -1;
    ps->p += digit + 1;
    parse_target(ps, r);
    **tail = r;
    *tail = &r->next;
    return true;
}

static struct list *parse(struct parser *ps, bool nested);

static struct command *parse_command(struct parser *ps)
{
    struct command *c = allocate(sizeof *c);
    struct redirect **tail = &c->redirects;
    struct words ws = {0};
    const char *at = ps->p;
    skip_blanks(ps);
    if (*ps->p == '(') {
        ps->p++;
        c->sub = parse(ps, true);
        if (ps->outcome == PARSED)
            ps->p++;
    }
    while (ps->outcome == PARSED) {
        skip_blanks(ps);
        if (parse_redirect(ps, &tail))
            continue;
        const char *w = c->sub ? NULL : parse_word(ps);
        if (!w)
            break;
        add_word(&ws, (char *)w);
    }
    c->words = (const char **)ws.w;
    c->nwords = ws.n;
    if (!ws.n && !c->redirects && !c->sub)
        fail_at(ps, *ps->p ? ps->p : at);
    return c;
}

/* After && || | a line may end and go on. */
static void skip_newlines(struct parser *ps)
{
    for (skip_blanks(ps); *ps->p == '\n'; skip_blanks(ps))
        ps->p++;
    if (!*ps->p && ps->outcome == PARSED)
        ps->outcome = INCOMPLETE;
}

static struct pipeline *parse_pipeline(struct parser *ps, enum join join)
{
    struct pipeline *pl = allocate(sizeof *pl);
    struct command **tail = &pl->commands;
    pl->join = join;
    for (;;) {
        *tail = parse_command(ps);
        tail = &(*tail)->next;
        if (ps->outcome != PARSED || ps->p[0] != '|' || ps->p[1] == '|')
            return pl;
        ps->p++;
        skip_newlines(ps);
    }
}

static struct list *parse_and_or(struct parser *ps)
{
    struct list *l = allocate(sizeof *l);
    struct pipeline **tail = &l->pipelines;
    enum join join = ALWAYS;
    for (;;) {
        *tail = parse_pipeline(ps, join);
        tail = &(*tail)->next;
        if (ps->outcome != PARSED)
            return l;
        if (strncmp(ps->p, "&&", 2) == 0)
            join = IF_SUCCEEDED;
        else if (strncmp(ps->p, "||", 2) == 0)
            join = IF_FAILED;
        else
            return l;
        ps->p += 2;
        skip_newlines(ps);
    }
}

/* Parses a whole text: lists separated by ; & or newlines; nested: up to the ) that ends it, which must come. */
static struct list *parse(struct parser *ps, bool nested)
{
    struct list *first = NULL, **tail = &first;
    for (;;) {
        skip_blanks(ps);
        while (*ps->p == '\n') {
            ps->p++;
            skip_blanks(ps);
        }
        if (nested && !*ps->p && ps->outcome == PARSED)
            ps->outcome = INCOMPLETE;
        if (nested && *ps->p == ')' && !first)
            fail_at(ps, ps->p);
        if (!*ps->p || ps->outcome != PARSED || (nested && *ps->p == ')'))
            return first;
        struct list *l = parse_and_or(ps);
        if (ps->outcome != PARSED)
            return NULL;
        *tail = l;
        tail = &l->next;
        if (*ps->p == '&')
            l->background = true;
        if (*ps->p == '&' || *ps->p == ';')
            ps->p++;
        else if (*ps->p && *ps->p != '\n' && !(nested && *ps->p == ')'))
            fail_at(ps, ps->p);
    }
}

/* ---- expansion: a word as written to words. In a `pattern` a \ stands before each character that was quoted ---- */

static void append_quoted(struct text *t, const char *s)
{
    for (; *s; s++) {
        append(t, "\\", 1);
        append(t, s, 1);
    }
}

static void append_arguments(struct text *t)
{
    for (int i = 1; i < nargs; i++) {
        if (i > 1)
            append_quoted(t, " ");
        append_quoted(t, args[i]);
    }
}

/* p stands after '$'; appends the value; returns the place after the name. */
static const char *expand_variable(struct text *t, const char *p)
{
    char number[24];
    bool brace = *p == '{';
    const char *name = p + brace;
    size_t n = 0;
    if (isalpha((unsigned char)*name) || *name == '_')
        while (isalnum((unsigned char)name[n]) || name[n] == '_')
            n++;
    else if (*name && strchr("?$!#*@0123456789", *name))
        n = 1;
    if (!n || (brace && name[n] != '}')) {
        append_quoted(t, "$");
        return p;
    }
    struct variable *v = find_variable(name, n);
    int64_t value = *name == '?'   ? exit_code(last_status)
                    : *name == '$' ? getpid()
                    : *name == '!' ? last_background
                                   : nargs - 1;
    *put_number(number, value) = 0;
    if (*name == '*' || *name == '@')
        append_arguments(t);
    else if (isdigit((unsigned char)*name))
        append_quoted(t, *name - '0' < nargs ? args[*name - '0'] : "");
    else if (strchr("?$!#", *name))
        append_quoted(t, number);
    else if (n == 6 && strncmp(name, "status", 6) == 0)
        append_quoted(t, last_status);
    else if (v)
        append_quoted(t, v->value);
    return name + n + brace;
}

/* Takes quotes away and variables in. *kept: the word stays even if it is empty, for it has quotes. */
static char *expand_to_pattern(const char *p, bool *kept)
{
    struct text t = {0};
    char quote = 0;
    append(&t, "", 0);
    *kept = false;
    while (*p) {
        char c = *p++;
        if (c == quote) {
            quote = 0;
        } else if (!quote && (c == '\'' || c == '"')) {
            quote = c;
            *kept = true;
        } else if (c == '$' && quote != '\'') {
            p = expand_variable(&t, p);
        } else if (c == '\\' && quote != '\'' && *p && (!quote || strchr("\\\"$", *p))) {
            if (*p != '\n') {
                append(&t, "\\", 1);
                append(&t, p, 1);
            }
            p++;
        } else {
            if (quote || c == '\\')
                append(&t, "\\", 1);
            append(&t, &c, 1);
        }
    }
    return t.s;
}

static char *without_backslashes(const char *p)
{
    char *s = allocate(strlen(p) + 1), *to = s;
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        *to++ = *p;
    }
    return s;
}

static bool is_pattern(const char *p)
{
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (strchr("*?[", *p))
            return true;
    }
    return false;
}

/* p stands after '['; *in tells whether c is in the set. The place after ']', or NULL if there is none. */
static const char *match_set(const char *p, unsigned char c, bool *in)
{
    bool negated = *p == '!' || *p == '^', found = false;
    const char *first = p += negated;
    for (; *p && (*p != ']' || p == first); p++) {
        if (*p == '\\' && p[1])
            p++;
        unsigned char low = (unsigned char)*p, high = low;
        if (p[1] == '-' && p[2] && p[2] != ']') {
            high = (unsigned char)p[2];
            p += 2;
        }
        found |= c >= low && c <= high;
    }
    *in = found != negated;
    return *p ? p + 1 : NULL;
}

/* Does the name match the pattern from p to pend? */
static bool match_name(const char *p, const char *pend, const char *s)
{
    for (; p < pend; s++) {
        if (*p == '*') {
            for (;; s++) {
                if (match_name(p + 1, pend, s))
                    return true;
                if (!*s)
                    return false;
            }
        }
        if (!*s)
            return false;
        bool in = true;
        const char *after = *p == '[' ? match_set(p + 1, (unsigned char)*s, &in) : NULL;
        if (after && after <= pend) {
            p = after;
        } else if (*p == '?') {
            p++;
        } else {
            if (*p == '\\' && p + 1 < pend)
                p++;
            in = *p++ == *s;
        }
        if (!in)
            return false;
    }
    return !*s;
}

/* Adds the paths that begin with `done` and match the rest of the pattern. */
static void glob(struct words *found, const char *done, const char *rest)
{
    size_t slashes = strspn(rest, "/");
    const char *part = rest + slashes, *end = part + strcspn(part, "/");
    struct text base = {0};
    append(&base, done, strlen(done));
    append(&base, rest, slashes);
    if (!*part) {
        add_word(found, base.s);
        return;
    }
    DIR *d = opendir(base.n ? base.s : ".");
    for (struct dirent *e; d && (e = readdir(d));) {
        if (!match_name(part, end, e->d_name) || (e->d_name[0] == '.' && *part != '.'))
            continue;
        struct text path = {0};
        append(&path, base.s, base.n);
        append(&path, e->d_name, strlen(e->d_name));
        if (!*end)
            add_word(found, path.s);
        else if (e->d_type == DT_DIR)
            glob(found, path.s, end);
    }
    if (d)
        closedir(d);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void expand(struct words *out, const char *word)
{
    if (strcmp(word, "$*") == 0 || strcmp(word, "$@") == 0 || strcmp(word, "\"$@\"") == 0) {
        for (int i = 1; i < nargs; i++)
            add_word(out, args[i]);
        return;
    }
    bool kept;
    char *pattern = expand_to_pattern(word, &kept);
    struct words found = {0};
    if (is_pattern(pattern))
        glob(&found, "", pattern);
    if (found.n) {
        qsort(found.w, found.n, sizeof *found.w, by_bytes);
        for (size_t i = 0; i < found.n; i++)
            add_word(out, found.w[i]);
    } else if (*pattern || kept) {
        add_word(out, without_backslashes(pattern));
    }
}

/* ---- jobs ---- */

/* Makes the note group of pid the one that ctrl-C goes to. */
static void foreground(long pid)
{
    char text[24];
    if (!interactive)
        return;
    int fd = open("/dev/consctl", O_WRONLY);
    if (fd < 0)
        return;
    char *end = put_number(put_text(text, "fg "), pid);
    write_all(fd, text, (size_t)(end - text));
    close(fd);
}

/* Background jobs that ended while the shell waited for another: the last few, for `wait PID`. */
enum { REMEMBERED = 32 };
static struct {
    long pid;
    char *status;
} ended[REMEMBERED];
static unsigned next_ended;

static void remember(long pid, const char *status)
{
    unsigned i = next_ended++ % REMEMBERED;
    free(ended[i].status);
    ended[i].pid = pid;
    ended[i].status = strdup(status);
}

static bool recall(long pid)
{
    for (unsigned i = 0; i < REMEMBERED; i++)
        if (ended[i].pid == pid && ended[i].status) {
            set_status(ended[i].status);
            return true;
        }
    return false;
}

static void wait_for(long pid)
{
    struct waitmsg w;
    if (recall(pid))
        return;
    for (;;) {
        int r = await(&w);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0) {
            set_code(NOT_FOUND);
            return;
        }
        if (r == pid) {
            set_status(w.status);
            return;
        }
        remember(r, w.status);
    }
}

static void wait_for_all(void)
{
    struct waitmsg w;
    while (await(&w) >= 0 || errno == EINTR)
        ;
    set_code(0);
}

/* A new process for a job. The child is no shell for the user any more. */
static long start(bool new_group)
{
    long pid = rfork(RFPROC | RFFDG | (new_group ? RFNOTEG : 0));
    if (pid < 0)
        complain("fork");
    if (pid == 0) {
        if (interactive)
            notify(NOTIFY_DEFAULT);
        interactive = false;
    }
    return pid;
}

static void finish_job(long pid)
{
    if (pid < 0) {
        set_code(1);
        return;
    }
    foreground(pid);
    wait_for(pid);
    foreground(getpid());
}

/* ---- commands ---- */

static char *only_word(const char *word)
{
    struct words ws = {0};
    expand(&ws, word);
    if (ws.n == 1)
        return ws.w[0];
    complain_of(word, "is not one file name");
    return NULL;
}

static bool apply_redirects(const struct redirect *r)
{
    for (; r; r = r->next) {
        if (r->from >= 0) {
            if (dup2(r->from, r->fd) >= 0)
                continue;
            complain("redirection");
            return false;
        }
        char *file = only_word(r->word);
        int fd = file ? open(file, r->flags, 0666) : -1;
        if (fd < 0) {
            if (file)
                complain(file);
            return false;
        }
        if (fd != r->fd) {
            dup2(fd, r->fd);
            close(fd);
        }
    }
    return true;
}

/* Replaces this process. A text file is a script for the shell. Does not return. */
static void run_program(char **argv)
{
    char path[TARRY_PATH_MAX + 1];
    const char *file = argv[0];
    if (!strchr(file, '/'))
        file = join_path(path, "/bin", file) < 0 ? argv[0] : path;
    exec(file, argv);
    if (errno == ENOEXEC) {
        struct words ws = {0};
        add_word(&ws, "sh");
        add_word(&ws, (char *)file);
        for (int i = 1; argv[i]; i++)
            add_word(&ws, argv[i]);
        exec("/bin/sh", ws.w);
    }
    if (errno == ENOENT) {
        complain_of(argv[0], "no such program");
        _exit(NOT_FOUND);
    }
    complain(argv[0]);
    _exit(NOT_RUNNABLE);
}

static int run_source(struct source *from);
static char *read_file(const char *path);

static void builtin_cd(char **argv)
{
    const char *dir = argv[1] ? argv[1] : "/";
    set_code(0);
    if (chdir(dir) < 0) {
        complain(dir);
        set_code(1);
    }
}

static void builtin_exit(char **argv)
{
    uint64_t code;
    if (argv[1] && (!parse_number(argv[1], &code) || code > 255)) {
        complain_of(argv[1], "is not an exit code (0 to 255)");
        code = MISUSE;
    }
    if (argv[1])
        _exit((int)code);
    exits(last_status);
}

static void builtin_wait(char **argv)
{
    uint64_t pid;
    if (!argv[1]) {
        wait_for_all();
    } else if (parse_number(argv[1], &pid) && pid < INT32_MAX) {
        wait_for((long)pid);
    } else {
        complain_of(argv[1], "is not a process number");
        set_code(MISUSE);
    }
}

static void builtin_exec(char **argv)
{
    if (argv[1])
        run_program(argv + 1);
}

static void builtin_pwd(char **argv)
{
    char buf[TARRY_PATH_MAX + 2];
    (void)argv;
    set_code(0);
    if (!getcwd(buf, TARRY_PATH_MAX + 1)) {
        complain("pwd");
        set_code(1);
        return;
    }
    size_t n = strlen(buf);
    buf[n] = '\n';
    write_all(1, buf, n + 1);
}

static void builtin_dot(char **argv)
{
    char *text = argv[1] ? read_file(argv[1]) : NULL;
    if (!text) {
        complain(argv[1] ? argv[1] : ".");
        set_code(1);
        return;
    }
    struct source from = {text};
    run_source(&from);
    free(text);
}

static const struct builtin {
    const char *name;
    void (*run)(char **argv);
} builtins[] = {
    {"cd", builtin_cd},     {"exit", builtin_exit}, {"wait", builtin_wait},
    {"exec", builtin_exec}, {"pwd", builtin_pwd},   {".", builtin_dot},
};

static const struct builtin *find_builtin(const char *name)
{
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        if (strcmp(builtins[i].name, name) == 0)
            return &builtins[i];
    return NULL;
}

/* Length of NAME in a word NAME=..., 0 if it is none. */
static size_t assignment(const char *w)
{
    size_t n = 0;
    if (!isalpha((unsigned char)*w) && *w != '_')
        return 0;
    while (isalnum((unsigned char)w[n]) || w[n] == '_')
        n++;
    return w[n] == '=' ? n : 0;
}

/* Makes the leading assignments; returns how many words they were. */
static size_t assign(const struct command *c)
{
    size_t i = 0, n;
    for (; i < c->nwords && (n = assignment(c->words[i])); i++) {
        bool kept;
        char *pattern = expand_to_pattern(c->words[i] + n + 1, &kept);
        set_variable(c->words[i], n, without_backslashes(pattern));
    }
    return i;
}

/* Runs a builtin in this process with the redirections; undoes them, but for exec. */
static void run_builtin(const struct builtin *b, const struct command *c, char **argv)
{
    enum { SAVED = 10 };
    int saved[SAVED];
    bool keep = b && b->run == builtin_exec;
    for (int i = 0; i < SAVED; i++)
        saved[i] = -2; /* not touched */
    for (const struct redirect *r = c->redirects; r && !keep; r = r->next)
        if (saved[r->fd] == -2)
            saved[r->fd] = dup(r->fd);
    set_code(0);
    if (!apply_redirects(c->redirects))
        set_code(1);
    else if (b)
        b->run(argv);
    for (int i = 0; i < SAVED; i++) {
        if (saved[i] >= 0) {
            dup2(saved[i], i);
            close(saved[i]);
        } else if (saved[i] == -1) {
            close(i);
        }
    }
}

static void run_lists(const struct list *l);

static void run_subshell(const struct command *c, bool here)
{
    long pid = here ? 0 : start(interactive);
    if (pid == 0) {
        if (!apply_redirects(c->redirects))
            exits("1");
        run_lists(c->sub);
        exits(last_status);
    }
    finish_job(pid);
}

/* The command in a process of its own already (`here`), or from the shell. */
static void run_command(const struct command *c, bool here)
{
    struct words ws = {0};
    if (c->sub) {
        run_subshell(c, here);
        return;
    }
    for (size_t i = assign(c); i < c->nwords; i++)
        expand(&ws, c->words[i]);
    const struct builtin *b = ws.n ? find_builtin(ws.w[0]) : NULL;
    if (!ws.n || b) {
        run_builtin(b, c, ws.w);
        return;
    }
    long pid = here ? 0 : start(interactive);
    if (pid == 0) {
        if (!apply_redirects(c->redirects))
            exits("1");
        run_program(ws.w);
    }
    finish_job(pid);
}

/* A stage of a pipeline: a child with `in` as input and, but for the last, a pipe as output; *next is its other end. */
static long start_stage(const struct command *c, int in, int *next)
{
    int fds[2] = {-1, -1};
    if (c->next && pipe(fds) < 0) {
        complain("pipe");
        return -1;
    }
    long pid = start(false);
    if (pid == 0) {
        if (in >= 0) {
            dup2(in, 0);
            close(in);
        }
        if (c->next) {
            close(fds[0]);
            dup2(fds[1], 1);
            close(fds[1]);
        }
        run_command(c, true);
        exits(last_status);
    }
    if (c->next)
        close(fds[1]);
    *next = fds[0];
    return pid;
}

static void await_stages(int running, long last)
{
    struct waitmsg w;
    char status[sizeof last_status] = "1";
    while (running > 0) {
        int r = await(&w);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            break;
        if (r == last)
            strcpy(status, w.status);
        running--;
    }
    set_status(status);
}

/* All stages at once; the status is the last one's. */
static void run_stages(const struct pipeline *pl)
{
    long pid = -1;
    int in = -1, running = 0;
    for (const struct command *c = pl->commands; c; c = c->next) {
        int next = -1;
        pid = start_stage(c, in, &next);
        if (in >= 0)
            close(in);
        in = next;
        running += pid > 0;
        if (pid < 0)
            break;
    }
    if (in >= 0)
        close(in);
    await_stages(running, pid);
}

/*
 * From the shell. The stages are children of one process of their own, so that they are one note group and none of the
 * shell's background jobs is taken for a stage.
 */
static void run_pipeline(const struct pipeline *pl)
{
    if (!pl->commands->next) {
        run_command(pl->commands, false);
        return;
    }
    long pid = start(interactive);
    if (pid == 0) {
        run_stages(pl);
        exits(last_status);
    }
    finish_job(pid);
}

static void run_pipelines(const struct list *l)
{
    for (const struct pipeline *pl = l->pipelines; pl; pl = pl->next) {
        bool ok = exit_code(last_status) == 0;
        if (pl->join == ALWAYS || (pl->join == IF_SUCCEEDED) == ok)
            run_pipeline(pl);
    }
}

/* A background job is a note group of its own and has no input. */
static void run_in_background(const struct list *l)
{
    long pid = start(true);
    if (pid == 0) {
        int fd = open("/dev/null", O_RDONLY);
        if (fd > 0) {
            dup2(fd, 0);
            close(fd);
        }
        const struct pipeline *only = l->pipelines->next ? NULL : l->pipelines;
        if (only && !only->commands->next)
            run_command(only->commands, true); /* so that $! is the program itself */
        else
            run_pipelines(l);
        exits(last_status);
    }
    if (pid > 0)
        last_background = pid;
    set_code(pid < 0);
}

static void run_lists(const struct list *l)
{
    for (; l; l = l->next) {
        if (l->background)
            run_in_background(l);
        else
            run_pipelines(l);
    }
}

/* Reads as many lines as make whole commands and runs them. 0 at the end, 1 to go on, -1 after a syntax error. */
static int run_next(struct source *from)
{
    struct text t = {0};
    const char *prompt = "tarry$ ";
    for (;;) {
        if (!append_line(from, &t, prompt)) {
            if (!t.n)
                return 0;
            complain_of("end of input", "in the middle of a command");
            return -1;
        }
        struct parser ps = {t.s, PARSED};
        struct list *l = parse(&ps, false);
        if (ps.outcome == WRONG)
            return -1;
        if (ps.outcome == PARSED) {
            run_lists(l);
            return 1;
        }
        prompt = "> ";
    }
}

/* Runs all commands of the source. 0, or -1 if it was given up for a syntax error. */
static int run_source(struct source *from)
{
    for (;;) {
        struct chunk *mark = line_memory;
        int r = run_next(from);
        free_until(mark);
        if (r < 0)
            set_code(MISUSE);
        if (r == 0 || (r < 0 && !interactive))
            return r;
    }
}

/* The whole file as a string of malloc's; NULL and errno. */
static char *read_file(const char *path)
{
    size_t have = 0, room = 4096;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return NULL;
    char *text = malloc(room);
    ssize_t n = 0;
    while (text && (n = read(fd, text + have, room - have - 1)) > 0) {
        have += (size_t)n;
        if (have == room - 1)
            text = realloc(text, room *= 2);
    }
    close(fd);
    if (text)
        text[have] = 0;
    return n < 0 ? NULL : text;
}

int main(int argc, char **argv)
{
    struct source from = {NULL};
    if (help_asked(argc, argv, help))
        return 0;
    nargs = argc > 1 ? argc - 1 : 1;
    args = argc > 1 ? argv + 1 : argv;
    if (argc > 1 && strcmp(argv[1], "-c") == 0) {
        if (argc == 2)
            usage(help);
        from.text = argv[2];
        nargs = argc - 2;
        args = argv + 2;
        args[0] = argv[0];
    } else if (argc > 1 && argv[1][0] == '-') {
        usage(help);
    } else if (argc > 1) {
        if (!(from.text = read_file(argv[1]))) {
            complain(argv[1]);
            return NOT_FOUND;
        }
    } else if (isatty(0)) {
        interactive = true;
        notify(NOTIFY_IGNORE);
        foreground(getpid());
    }
    run_source(&from);
    if (interactive)
        write_all(1, "\n", 1);
    exits(last_status);
}
