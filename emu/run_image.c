/* SPDX-License-Identifier: GPL-2.0-only */
/* The disk of a run: the image with the inputs and the program put into it. */
#include "run_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fs/host/hostfs.h"
#include "../fs/host/meter.h"
#include "guest_elf.h"
#include "paths.h"
#include "say.h"

static bool note_input(struct run_image *r, const char *host, const char *guest)
{
    struct stat st;
    char hash[HASH_HEX] = "tree";
    if (stat(host, &st) != 0 || (S_ISREG(st.st_mode) && !hash_file(host, hash))) {
        say("%s: %s; give the path of a readable file or directory", host, strerror(errno));
        return false;
    }
    char *more;
    if (asprintf(&more, "%s%s:%s %s\n", r->inputs ? r->inputs : "", host, guest, hash) < 0) {
        say("out of memory");
        return false;
    }
    free(r->inputs);
    r->inputs = more;
    return true;
}

static bool put(struct run_image *r, struct hostfs *fs, const char *host, const char *guest)
{
    char err[512];
    if (!note_input(r, host, guest))
        return false;
    if (hostfs_put(fs, host, guest, err, sizeof err) != 0) {
        say("%s", err);
        return false;
    }
    return true;
}

static bool in_guest(struct hostfs *fs, const char *path)
{
    struct tfs_file *f;
    if (hostfs_walk(fs, path, &f) != 0)
        return false;
    tfs_unref(f);
    return true;
}

/*
 * Settles what PROGRAM names: a path in the guest, a name in the guest's /bin, or else an ELF
 * on the host, which is put into the guest as /bin/NAME.
 */
static bool place_program(const struct run_options *o, struct run_image *r, struct hostfs *fs)
{
    const char *name = o->nprogram ? o->program[0] : "/bin/sh";
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    char err[512];
    int n = snprintf(r->program, sizeof r->program, "%s%s", name[0] == '/' ? "" : strchr(name, '/') ? "/" : "/bin/", name);
    if (n >= (int)sizeof r->program) {
        say("%.40s...: the path is too long", name);
        return false;
    }
    if (in_guest(fs, r->program))
        return true;
    if (access(name, F_OK) != 0) {
        say("%s: no such program, neither %s in the guest nor on the host; 'tarry fs ls %s /bin' lists the guest's", name,
            r->program, r->path);
        return false;
    }
    if (guest_elf_check(name, err, sizeof err) != 0) {
        say("%s", err);
        return false;
    }
    snprintf(r->program, sizeof r->program, "/bin/%s", base);
    return put(r, fs, name, r->program);
}

static bool fill(const struct run_options *o, struct run_image *r, struct hostfs *fs)
{
    for (int i = 0; i < o->ninputs; i++)
        if (!put(r, fs, o->inputs[i].host, o->inputs[i].guest))
            return false;
    return place_program(o, r, fs);
}

static bool open_image(const struct run_options *o, struct run_image *r)
{
    char err[512];
    if (o->image) {
        snprintf(r->path, sizeof r->path, "%s", o->image);
    } else if (!find_shipped("guest.img", r->path, sizeof r->path, err, sizeof err)) {
        say("%s", err);
        return false;
    }
    r->image = image_open(r->path, o->keep ? IMAGE_WRITE : IMAGE_PRIVATE, err, sizeof err);
    if (!r->image) {
        say("%s", err);
        return false;
    }
    if (!hash_file(r->path, r->hash)) {
        say("%s: %s", r->path, strerror(errno));
        return false;
    }
    return true;
}

bool run_image_open(const struct run_options *o, struct run_image *r)
{
    char err[512];
    memset(r, 0, sizeof *r);
    if (!open_image(o, r)) {
        run_image_close(r);
        return false;
    }
    struct hostfs *fs = hostfs_mount(r->image, err, sizeof err);
    if (!fs) {
        say("%s: %s", r->path, err);
        run_image_close(r);
        return false;
    }
    struct meter meter;
    meter_begin(&meter, fs);
    bool ok = fill(o, r, fs);
    meter_end(&meter);
    if (hostfs_unmount(fs, err, sizeof err) != 0 && ok) {
        say("%s", err);
        ok = false;
    }
    if (!ok)
        run_image_close(r);
    return ok;
}

void run_image_close(struct run_image *r)
{
    if (r->image)
        image_close(r->image);
    free(r->inputs);
    memset(r, 0, sizeof *r);
}
