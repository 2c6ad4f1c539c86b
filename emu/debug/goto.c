/* SPDX-License-Identifier: GPL-2.0-only */
/* `tarry goto`: a recorded run is run again with the input that it had, up to an event, under the debugger. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../traces/events.h"
#include "../../traces/query.h"
#include "../cmd.h"
#include "../input.h"
#include "../say.h"
#include "../session.h"
#include "debug.h"

#define MOST_WORDS 4096

static void help(void)
{
    printf(
        "usage: tarry goto DB EVENT [--gdb PORT|SOCKET]\n\n"
        "Runs the recorded run DB again, with the console input that it had, to the very instruction of the event "
        "with\n"
        "that id (column id of any event table), and stops there for the debugger: on this terminal, if it is one and\n"
        "gdb-multiarch is installed, else where --gdb says. Everything that the run depends on must be as it was.\n\n"
        "      --gdb PORT|SOCKET   wait for gdb there\n"
        "  -h, --help\n\n"
        "example:  tarry query tarry.db 'select id, pc, tval from trap'\n"
        "          tarry goto tarry.db 1234\n");
}

/* ---- the database ---- */

/* The text of the one value that the statement gives; NULL: none. */
static char *text_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    char *text = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW &&
        sqlite3_column_type(s, 0) != SQLITE_NULL)
        text = strdup((const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    return text;
}

static bool take_event(sqlite3 *db, const char *path, struct debug_options *o)
{
    char sql[256], *most;
    sqlite3_stmt *s = NULL;
    snprintf(sql, sizeof sql, "SELECT kind FROM event WHERE id = %llu", (unsigned long long)o->event);
    char *kind = text_of(db, sql);
    if (!kind) {
        most = text_of(db, "SELECT coalesce((SELECT sum(happened) FROM event_kind), (SELECT max(id) FROM event), 0)");
        if (most && o->event && o->event <= strtoull(most, NULL, 10))
            say("%s: event %llu was not recorded: --trace or the guest left it out; `event` lists those that were", path,
                (unsigned long long)o->event);
        else
            say("%s: there is no event %llu; they have the numbers 1 to %s", path, (unsigned long long)o->event,
                most ? most : "0");
        free(most);
        return false;
    }
    o->event_kind = kind;
    snprintf(sql, sizeof sql, "SELECT insn, pc FROM \"%s\" WHERE id = %llu", kind, (unsigned long long)o->event);
    bool ok = sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW;
    if (ok) {
        o->event_insn = (uint64_t)sqlite3_column_int64(s, 0);
        o->event_pc = (uint64_t)sqlite3_column_int64(s, 1);
    } else {
        say("%s: event %llu cannot be read: %s; record the run again", path, (unsigned long long)o->event,
            sqlite3_errmsg(db));
    }
    sqlite3_finalize(s);
    return ok;
}

static bool take_input(sqlite3 *db, struct input_log *log)
{
    static const char sql[] = "SELECT insn, ts, asked, how, byte FROM input ORDER BY id";
    sqlite3_stmt *s = NULL;
    bool ok = sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK;
    while (ok && sqlite3_step(s) == SQLITE_ROW) {
        struct input_entry e = {(uint64_t)sqlite3_column_int64(s, 0), (uint64_t)sqlite3_column_int64(s, 1),
                                (uint64_t)sqlite3_column_int64(s, 2), (uint32_t)sqlite3_column_int(s, 3),
                                (uint8_t)sqlite3_column_int(s, 4)};
        ok = input_add(log, &e);
    }
    sqlite3_finalize(s);
    return ok;
}

/* In the order of input.c's facts. */
static bool take_recording(sqlite3 *db, const char *path, struct recording *r)
{
    static const char *const facts[RECORDING_FACTS] = {
        "SELECT coalesce(program, '') FROM run",    "SELECT coalesce(arguments, '') FROM run",
        "SELECT coalesce(io, '') FROM run",         "SELECT coalesce(disk_model, '') FROM run",
        "SELECT coalesce(image_hash, '') FROM run", "SELECT coalesce(kernel_hash, '') FROM run",
        "SELECT coalesce(inputs, '') FROM run",     "SELECT ram_bytes FROM run",
        "SELECT coalesce(config, '') FROM run"};
    bool ok = (r->path = strdup(path)) && (r->log = input_new(false)) && take_input(db, r->log);
    for (unsigned i = 0; ok && i < RECORDING_FACTS; i++)
        ok = (r->facts[i] = text_of(db, facts[i])) != NULL;
    if (!ok) {
        say("%s: does not hold what is needed to repeat the run; record it again", path);
        return false;
    }
    r->log->strict = true;
    r->log->terminal = strstr(r->facts[RECORDING_FACTS - 1], "console=terminal") != NULL;
    return true;
}

/* ---- the command ---- */

/* Divides a command as append_word wrote it into words, in place. Returns their number. */
static int split(char *text, char **words, int most)
{
    int n = 0;
    char *to = text;
    while (*text && n < most) {
        words[n++] = to;
        for (bool quoted = false; *text && (quoted || *text != ' '); text++) {
            if (*text == '\'')
                quoted = !quoted;
            else if (!quoted && *text == '\\' && text[1])
                *to++ = *++text;
            else
                *to++ = *text;
        }
        bool more = *text == ' ';
        *to++ = '\0';
        text += more;
    }
    words[n] = NULL;
    return n;
}

static int run_again(const char *path, char *command, const char *directory)
{
    static char *words[MOST_WORDS + 1];
    int n = split(command, words, MOST_WORDS);
    if (directory && chdir(directory) != 0) {
        say("%s: the run was begun in %s: %s; make it accessible", path, directory, strerror(errno));
        return STATUS_MISUSE;
    }
    if (n >= 2 && !strcmp(words[1], "run"))
        return cmd_run(n - 1, words + 1);
    if (n >= 2 && !strcmp(words[1], "shell"))
        return cmd_shell(n - 1, words + 1);
    if (n >= 2 && !strcmp(words[1], "boot"))
        return cmd_boot(n - 1, words + 1);
    say("%s: was recorded by a command that cannot be repeated; record it by tarry run, shell or boot", path);
    return STATUS_MISUSE;
}

/* ---- where the debugger is ---- */

static bool installed(const char *program)
{
    char *path = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin"), *save = NULL, file[PATH_MAX];
    bool found = false;
    for (char *dir = path ? strtok_r(path, ":", &save) : NULL; dir && !found; dir = strtok_r(NULL, ":", &save))
        found = snprintf(file, sizeof file, "%s/%s", dir, program) < (int)sizeof file && access(file, X_OK) == 0;
    free(path);
    return found;
}

static void choose_debugger(struct debug_options *o)
{
    static char sock[PATH_MAX];
    const char *dir = getenv("TMPDIR");
    if (o->gdb)
        return;
    snprintf(sock, sizeof sock, "%s/tarry-%d.gdb", dir && *dir ? dir : "/tmp", (int)getpid());
    o->gdb = sock;
    o->attach = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && installed("gdb-multiarch");
}

static int go_to(const char *path, struct debug_options *o)
{
    char err[512], where[PATH_MAX];
    struct recording *recording = calloc(1, sizeof *recording);
    sqlite3 *db = query_open(path, err, sizeof err);
    if (!db) {
        say("%s", err);
        recording_free(recording);
        return STATUS_MISUSE;
    }
    char *command = text_of(db, "SELECT coalesce(command, '') FROM run");
    char *directory = text_of(db, "SELECT host_directory FROM run");
    bool ok = command && recording && take_event(db, path, o) && take_recording(db, path, recording);
    sqlite3_close(db);
    if (ok) {
        choose_debugger(o);
        if (*o->gdb != '/' && !connect_is_port(o->gdb) && getcwd(where, sizeof where - strlen(o->gdb) - 1))
            o->gdb = strdup(strcat(strcat(where, "/"), o->gdb)); /* the directory is about to change */
        o->recording = recording;
        debug_plan(o);
    } else
        recording_free(recording);
    int status = ok ? run_again(path, command, directory) : STATUS_MISUSE;
    free(command);
    free(directory);
    return status;
}

/* By hand: getopt remembers how it was used, and the recorded command's options are still to be parsed. */
int cmd_goto(int argc, char **argv)
{
    static struct debug_options o;
    const char *words[2];
    int n = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
            help();
            return 0;
        }
        bool apart = !strcmp(argv[i], "--gdb") && i + 1 < argc, together = !strncmp(argv[i], "--gdb=", 6);
        if (apart || together) {
            if (!debug_take(&o, DEBUG_GDB, apart ? argv[++i] : argv[i] + 6))
                return STATUS_MISUSE;
        } else if (argv[i][0] == '-' && argv[i][1]) {
            say("goto: unknown option '%s', or a value is missing after it; 'tarry goto --help' explains", argv[i]);
            return STATUS_MISUSE;
        } else if (n < 2) {
            words[n++] = argv[i];
        } else {
            n = 3;
        }
    }
    if (n != 2 || !parse_count(words[1], &o.event) || !o.event) {
        say("goto: needs DB and the id of an event; 'tarry goto --help' explains");
        return STATUS_MISUSE;
    }
    return go_to(words[0], &o);
}
