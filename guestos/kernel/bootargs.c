/* SPDX-License-Identifier: GPL-2.0-only */
/* Boot arguments. */
#include <string.h>
#include "around.h"
#include "bootargs.h"
#include "cons.h"
#include "devtree.h"
#include "nospace.h"
#include "policy.h"
#include "proc.h"
#include "reserve.h"

enum ev_enum_io_policy io_policy = EV_io_policy_deferred;

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %XX from..end into out (which may be from: it never gets ahead). Returns the end of out. */
static char *decode(char *out, const char *from, const char *end)
{
    while (from < end) {
        if (*from == '%' && end - from >= 3 && hex(from[1]) >= 0 && hex(from[2]) >= 0) {
            *out++ = (char)(hex(from[1]) << 4 | hex(from[2]));
            from += 3;
        } else {
            *out++ = *from++;
        }
    }
    return out;
}

static void setting(const char *word)
{
    if (strncmp(word, "io=", 3) == 0 && policynamed(word + 3, &io_policy))
        return;
    if (strcmp(word, "lend=on") == 0 || strcmp(word, "lend=off") == 0) {
        lending = word[6] == 'n';
        return;
    }
    if (strcmp(word, "superpages=on") == 0 || strcmp(word, "superpages=off") == 0) {
        superpages = word[12] == 'n';
        return;
    }
    if (strncmp(word, "fill-around=", 12) == 0 && aroundnamed(word + 12, &fillaround))
        return;
    if (strncmp(word, "snapshot=", 9) == 0 && scopenamed(word + 9, &snapshot_scope))
        return;
    if (strncmp(word, "nospace=", 8) == 0 && nospacenamed(word + 8, &nospace_policy))
        return;
    if (strncmp(word, "pagetable=", 10) == 0)
        return; /* mmuinit has read it */
    if (strcmp(word, "console=plain") == 0)
        consplain();
    else
        print("boot argument %s is not known: ignored\n", word);
}

/* The words are decoded in place: what follows "--" becomes the block of args. */
void bootargs(struct args *args)
{
    static char shell[] = "/bin/sh";
    char *in = devtree.bootargs, *out = devtree.bootargs;
    bool program = false;
    *args = (struct args){0, out, 0};
    for (;;) {
        in += strspn(in, " ");
        size_t n = strcspn(in, " ");
        if (n == 0)
            break;
        bool more = in[n] != '\0';
        char *end = decode(out, in, in + n);
        *end = '\0';            /* overwrites at most the space */
        end = out + strlen(out); /* %00 is how an empty word is written */
        in += n + more;
        if (program) {
            args->argc++;
            args->bytes += (size_t)(end + 1 - out);
            out = end + 1;
        } else if (strcmp(out, "--") == 0) {
            program = true;
        } else {
            setting(out);
        }
    }
    if (args->argc == 0)
        *args = (struct args){1, shell, sizeof shell};
}
