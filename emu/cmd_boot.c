/* SPDX-License-Identifier: GPL-2.0-only */
/* `tarry boot`: other people's kernels. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot_options.h"
#include "calls.h"
#include "cmd.h"
#include "hash.h"
#include "say.h"
#include "session.h"
#include "signature.h"

struct booted {
    struct boot_options o;
    struct image *disks[MACHINE_DISKS];
    struct signature signature;
    struct calls calls;
    char kernel_hash[HASH_HEX], disk_hash[HASH_HEX];
    char *inputs; /* "what:path hash" lines */
    char command[65536];
};

/* Notes what the run depends on. */
static bool note(struct booted *b, const char *what, const char *path, char hash[HASH_HEX])
{
    if (!hash_file(path, hash)) {
        say("%s: %s; give the path of a file that can be read", path, strerror(errno));
        return false;
    }
    char *more;
    if (asprintf(&more, "%s%s:%s %s\n", b->inputs ? b->inputs : "", what, path, hash) < 0) {
        say("out of memory");
        return false;
    }
    free(b->inputs);
    b->inputs = more;
    return true;
}

static bool note_files(struct booted *b)
{
    const struct boot *boot = &b->o.boot;
    char hash[HASH_HEX];
    return note(b, "kernel", boot->kernel, b->kernel_hash) && (!boot->firmware || note(b, "bios", boot->firmware, hash)) &&
           (!boot->initrd || note(b, "initrd", boot->initrd, hash)) && (!boot->dtb || note(b, "dtb", boot->dtb, hash));
}

static bool open_disks(struct booted *b)
{
    char err[512], what[16], hash[HASH_HEX];
    for (unsigned i = 0; i < b->o.ndisks; i++) {
        const struct boot_disk *d = &b->o.disks[i];
        b->disks[i] = image_open(d->path, d->mode, err, sizeof err);
        if (!b->disks[i]) {
            say("%s", err);
            return false;
        }
        snprintf(what, sizeof what, "disk%u", i);
        if (!note(b, what, d->path, i == 0 ? b->disk_hash : hash))
            return false;
    }
    return true;
}

static bool find_calls(struct booted *b)
{
    char err[512];
    if (calls_find(&b->calls, b->o.syscalls, b->o.boot.kernel, err, sizeof err) == 0)
        return true;
    say("%s", err);
    return false;
}

static int load(struct machine *m, void *arg, char *err, size_t errlen)
{
    struct booted *b = arg;
    if (machine_boot(m, &b->o.boot, err, errlen) != 0)
        return -1;
    return b->o.signature ? signature_find(&b->signature, b->o.boot.kernel, err, errlen) : 0;
}

static int after(struct machine *m, const struct machine_result *r, void *arg, char *err, size_t errlen)
{
    struct booted *b = arg;
    (void)r;
    return b->o.signature ? signature_write(&b->signature, m, b->o.signature, err, errlen) : 0;
}

static struct run_facts facts_of(const struct booted *b)
{
    static char config[256 + DISK_FAULT_TEXT + TLB_TEXT];
    const struct boot_options *o = &b->o;
    snprintf(config, sizeof config, "max-insns=%llu bios=%.100s tohost=%d console=%s syscalls=%s",
             (unsigned long long)o->common.max_insns, o->bios ? o->bios : "default", o->boot.tohost,
             debug_terminal(&o->common.debug) ? "terminal" : "plain", b->calls.whose);
    common_config(&o->common, config, sizeof config);
    return (struct run_facts){
        .command = b->command,
        .program = o->boot.kernel,
        .arguments = o->append ? o->append : "",
        .disk_model = o->common.disk_name,
        .config = config,
        .image_hash = b->disk_hash,
        .kernel_hash = b->kernel_hash,
        .inputs = b->inputs,
        .ram_bytes = o->common.ram_bytes,
        .calls = b->calls.words,
        .errors = b->calls.errors,
        .ncalls = b->calls.nwords,
        .nerrors = b->calls.nerrors,
        .choice = &o->common.trace,
        .seed = o->boot.seed,
    };
}

static int run(struct booted *b)
{
    struct session s = common_session(&b->o.common);
    s.facts = facts_of(b);
    s.config.bootargs = b->o.append;
    s.config.busy_input = true;
    s.config.calls = &b->calls;
    s.keys_to_guest = true;
    s.load = load;
    s.booted = b->o.boot.kernel;
    s.after = after;
    s.arg = b;
    memcpy(s.config.disks, b->disks, sizeof b->disks);
    return session_run(&s);
}

int cmd_boot(int argc, char **argv)
{
    static struct booted b;
    memset(&b, 0, sizeof b);
    append_word(b.command, sizeof b.command, "tarry"); /* before getopt puts the arguments into another order */
    for (int i = 0; i < argc; i++)
        append_word(b.command, sizeof b.command, argv[i]);
    int status = boot_options_parse(argc, argv, &b.o);
    if (status >= 0)
        return status;
    status = note_files(&b) && find_calls(&b) && open_disks(&b) ? run(&b) : STATUS_MISUSE;
    for (unsigned i = 0; i < b.o.ndisks; i++)
        image_close(b.disks[i]);
    calls_free(&b.calls);
    free(b.inputs);
    return status;
}
