/* SPDX-License-Identifier: GPL-2.0-only */
/* sh, state: the last status, the arguments, and the variables. */
#include <stdlib.h>
#include <string.h>
#include "sh.h"

bool interactive;
char last_status[256];
long last_background;
int nargs;
char **args;

struct variable {
    char *name, *value;
    struct variable *next;
};

static struct variable *variables;

void set_status(const char *s)
{
    strncpy(last_status, s, sizeof last_status - 1);
}

void set_code(int code)
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

const char *variable_value(const char *name, size_t n)
{
    struct variable *v = find_variable(name, n);
    return v ? v->value : NULL;
}

void set_variable(const char *name, size_t n, const char *value)
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
