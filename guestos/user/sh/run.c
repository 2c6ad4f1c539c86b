/* SPDX-License-Identifier: GPL-2.0-only */
/* sh, running: from the tree to programs, pipes and redirections. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

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

void run_program(char **argv)
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
    for (; i < c->nwords && (n = assignment(c->words[i])); i++)
        set_variable(c->words[i], n, expand_to_one(c->words[i] + n + 1));
    return i;
}

/* Runs a builtin in this process with the redirections; undoes them, but for exec. */
static void run_builtin(const struct builtin *b, const struct command *c, char **argv)
{
    enum { SAVED = 10 };
    int saved[SAVED];
    bool keep = b && b->keeps_redirects;
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

void run_lists(const struct list *l)
{
    for (; l; l = l->next) {
        if (l->background)
            run_in_background(l);
        else
            run_pipelines(l);
    }
}
