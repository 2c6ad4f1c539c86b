/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model: makes, prints and reads model programs for the guest's modelrun.
 *
 *   model gen PROFILE OPERATIONS FILE    random programs (TARRY_SEED) into FILE; prints the line that modelrun must print
 *   model print FILE                     a program file as text
 *   model read TEXT FILE                 text into a program file; prints that line, too
 *   model leave FILE NEW DIR             FILE without its last `finish` into NEW, the files that it leaves into DIR
 *   model shrink FILE TEXT COMMAND       a short program of FILE with which COMMAND (of the shell) still fails, as text into
 *                                        TEXT; it is given in $PROGRAM, the line that it must print in $EXPECTED
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "gen.h"
#include "shrink.h"
#include "text.h"
#include "tests/khost/random.h"

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static FILE *must_open(const char *name, const char *mode)
{
    FILE *f = fopen(name, mode);
    if (f == NULL)
        die(name);
    return f;
}

static struct mop *load_file(const char *name, unsigned long *n)
{
    FILE *f = must_open(name, "rb");
    struct mop *ops = NULL;
    unsigned long room = 0;
    for (*n = 0;; (*n)++) {
        if (*n == room)
            ops = realloc(ops, (room = room * 2 + 256) * sizeof *ops);
        if (fread(&ops[*n], sizeof *ops, 1, f) != 1)
            break;
    }
    fclose(f);
    return ops;
}

static void save_file(const char *name, const struct mop *ops, unsigned long n)
{
    struct mop end = {.kind = MOP_end, .proc = MODEL_NOBODY};
    FILE *f = must_open(name, "wb");
    bool good = fwrite(ops, sizeof *ops, n, f) == n;
    if (n == 0 || ops[n - 1].kind != MOP_end)
        good = good && fwrite(&end, sizeof end, 1, f) == 1;
    if (fclose(f) != 0 || !good)
        die(name);
}

/* What modelrun prints at the end, if all is as it must be. */
static const char *expected(const struct mop *ops, unsigned long n)
{
    static char line[80];
    uint64_t sum = 0;
    n -= n > 0 && ops[n - 1].kind == MOP_end;
    for (unsigned long i = 0; i < n; i++)
        sum += model_share(i, ops[i].result, ops[i].digest);
    snprintf(line, sizeof line, "modelrun: %lu operations, sum %016lx", n, (unsigned long)sum);
    return line;
}

static int generate(const char *profile, unsigned long most, const char *name)
{
    Gen g = {.profile = profile_named(profile), .model = model_new()};
    struct mop *ops = NULL, *program;
    unsigned long n = 0;
    if (g.profile == NULL) {
        fprintf(stderr, "model: %s: no such profile\n", profile);
        return 2;
    }
    seed_random();
    while (n < most) {
        unsigned long more = gen_program(&g, &program);
        ops = realloc(ops, (n + more) * sizeof *ops);
        memcpy(ops + n, program, more * sizeof *ops);
        n += more;
        free(program);
    }
    save_file(name, ops, n);
    puts(expected(ops, n));
    free(ops);
    model_free(g.model);
    return 0;
}

static int leave_files(const char *name, const char *new, const char *dir)
{
    unsigned long n;
    struct mop *ops = load_file(name, &n);
    Model *m = model_new();
    while (n > 0 && (ops[n - 1].kind == MOP_end || ops[n - 1].kind == MOP_finish))
        n--;
    for (unsigned long i = 0; i < n; i++)
        model_do(m, &ops[i]);
    for (unsigned i = 0; i < MODEL_NAMES; i++) {
        char path[4096];
        if (m->name[i] == NULL)
            continue;
        int in = model_dir(i);
        if (in < 0)
            snprintf(path, sizeof path, "%s/%u", dir, i);
        else
            snprintf(path, sizeof path, "%s/%c/%u", dir, "de"[in], MODEL_TOP + i % 2);
        FILE *f = must_open(path, "wb");
        if (fwrite(m->name[i]->at, 1, m->name[i]->length, f) != m->name[i]->length || fclose(f) != 0)
            die(path);
    }
    save_file(new, ops, n);
    puts(expected(ops, n));
    free(ops);
    model_free(m);
    return 0;
}

/* ---- shrinking with a command as the judge ---- */

enum { SHRINK_SECONDS = 60 };

typedef struct Judge {
    const char *command, *program;
    time_t end; /* from then on nothing is tried any more */
} Judge;

static bool command_fails(void *arg, const struct mop *ops, unsigned long n)
{
    Judge *j = arg;
    if (time(NULL) > j->end)
        return false;
    save_file(j->program, ops, n);
    setenv("EXPECTED", expected(ops, n), 1);
    int status = system(j->command);
    if (status == -1)
        die(j->command);
    return status != 0;
}

static int shrink_file(const char *name, const char *text, const char *command)
{
    char program[] = "/tmp/model-XXXXXX";
    unsigned long n;
    struct mop *ops = load_file(name, &n);
    int fd = mkstemp(program);
    if (fd < 0)
        die(program);
    close(fd);
    setenv("PROGRAM", program, 1);
    Judge judge = {command, program, time(NULL) + SHRINK_SECONDS};
    n = shrink(ops, n, command_fails, &judge);
    unlink(program);
    FILE *f = must_open(text, "w");
    print_program(f, ops, n);
    free(ops);
    return fclose(f) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    unsigned long n;
    if (argc == 5 && strcmp(argv[1], "gen") == 0)
        return generate(argv[2], strtoul(argv[3], NULL, 0), argv[4]);
    if (argc == 5 && strcmp(argv[1], "shrink") == 0)
        return shrink_file(argv[2], argv[3], argv[4]);
    if (argc == 5 && strcmp(argv[1], "leave") == 0)
        return leave_files(argv[2], argv[3], argv[4]);
    if (argc == 3 && strcmp(argv[1], "print") == 0) {
        struct mop *ops = load_file(argv[2], &n);
        print_program(stdout, ops, n);
        free(ops);
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "read") == 0) {
        FILE *f = must_open(argv[2], "r");
        struct mop *ops = parse_program(f, argv[2], &n);
        fclose(f);
        save_file(argv[3], ops, n);
        puts(expected(ops, n));
        free(ops);
        return 0;
    }
    fprintf(stderr, "usage: model gen PROFILE OPERATIONS FILE | print FILE | read TEXT FILE | leave FILE NEW DIR |\n"
                    "             shrink FILE TEXT COMMAND\n");
    return 2;
}
