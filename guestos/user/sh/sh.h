/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sh: what the parts of the shell know of each other. A line goes through them in this order: read.c (lines), parse.c
 * (words and the tree), run.c (processes and pipes; builtins.c), which has expand.c and glob.c make words of what was
 * written. jobs.c, variables.c and memory.c serve them; main.c turns the wheel.
 */
#ifndef SH_H
#define SH_H

#include "tarry.h"

enum { MISUSE = 2, NOT_RUNNABLE = 126, NOT_FOUND = 127 };

/* ---- memory.c: what a line needs lives until the line is done ---- */

/* A string that grows. */
struct text {
    char *s;
    size_t n, room;
};

/* An array that grows, ended by NULL. */
struct words {
    char **w;
    size_t n, room;
};

struct chunk;
extern struct chunk *line_memory; /* the newest piece: a mark for free_until */

/* Zeroed memory; there is always some, else the shell ends. */
void *allocate(size_t n);
/* Frees what was allocated since line_memory was `mark`. */
void free_until(struct chunk *mark);
void append(struct text *t, const char *s, size_t n);
void add_word(struct words *ws, char *s);
char *copy(const char *s, size_t n);

/* ---- variables.c: the state of the shell ---- */

extern bool interactive;      /* commands come from the console */
extern char last_status[256]; /* of the last command */
extern long last_background;
extern int nargs; /* $0 is args[0] */
extern char **args;

void set_status(const char *s);
void set_code(int code);
/* The variable's value, NULL if it has none; its name are the first n characters. */
const char *variable_value(const char *name, size_t n);
void set_variable(const char *name, size_t n, const char *value);

/* ---- read.c: where commands come from ---- */

struct source {
    const char *text; /* a text in memory, or NULL: lines from the input */
};

/* Appends the next line to t; false at the end. */
bool append_line(struct source *from, struct text *t, const char *prompt);
/* The whole file as a string of malloc's; NULL and errno. */
char *read_file(const char *path);

/* ---- parse.c: the parts of a line ---- */

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

enum outcome { PARSED, INCOMPLETE, WRONG };

struct parser {
    const char *p;
    enum outcome outcome;
};

/* Parses a whole text: lists separated by ; & or newlines; nested: up to the ) that ends it, which must come. */
struct list *parse(struct parser *ps, bool nested);

/* ---- expand.c, glob.c: a word as written to words ---- */

void expand(struct words *out, const char *word);
/* The same without globbing: always one word, perhaps an empty one. */
char *expand_to_one(const char *word);
/* Adds the names that match the pattern, sorted; none if it has nothing of * ? [ in it. */
void add_matches(struct words *out, const char *pattern);

/* ---- jobs.c: processes ---- */

/* A new process for a job: its number, 0 in the child, negative (and complained of) on failure. */
long start(bool new_group);
/* Makes the note group of pid the one that ctrl-C goes to. */
void foreground(long pid);
/* Waits for the job in the foreground and takes its status; start's failure is a status too. */
void finish_job(long pid);
void wait_for(long pid);
void wait_for_all(void);

/* ---- run.c, builtins.c, main.c: running ---- */

void run_lists(const struct list *l);
/* Replaces this process. A text file is a script for the shell. Does not return. */
void run_program(char **argv);

struct builtin {
    const char *name;
    void (*run)(char **argv);
    bool keeps_redirects; /* its redirections are the shell's from now on */
};

const struct builtin *find_builtin(const char *name);
/* Runs all commands of the source. 0, or -1 if it was given up for a syntax error. */
int run_source(struct source *from);

#endif
