/* SPDX-License-Identifier: GPL-2.0-only */
/* sh, the commands that are built in: they change the shell itself, or wait for its children. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

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

static const struct builtin builtins[] = {
    {"cd", builtin_cd, false},    {"exit", builtin_exit, false}, {"wait", builtin_wait, false},
    {"exec", builtin_exec, true}, {"pwd", builtin_pwd, false},   {".", builtin_dot, false},
};

const struct builtin *find_builtin(const char *name)
{
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        if (strcmp(builtins[i].name, name) == 0)
            return &builtins[i];
    return NULL;
}
