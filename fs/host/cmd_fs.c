/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `tarry fs ...`: file systems in images, from the host.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cmd_snap.h"
#include "hostfs.h"
#include "meter.h"

#define EXIT_FOUND 1  /* check found something */
#define EXIT_MISUSE 2 /* misuse or unusable input */
#define DIR_BIT 0x80000000u
#define APPEND_BIT 0x40000000u

static const char help[] =
    "usage: tarry fs COMMAND IMAGE ...\n"
    "\n"
    "  create IMAGE SIZE [--force]         make an image with an empty file system; SIZE as 64M, 16G\n"
    "  put IMAGE HOSTPATH... GUESTPATH     copy files and trees into the image\n"
    "  get IMAGE GUESTPATH HOSTPATH|-      copy a file or tree out of the image (-: a file to standard output)\n"
    "  ls IMAGE [PATH] [-l]                list a directory or file\n"
    "  stat IMAGE [PATH]                   facts of the file system, or of a file in it\n"
    "  check IMAGE [--repair]              verify every structure and checksum; exit status 1 if something is wrong\n"
    "  snap create IMAGE NAME              keep the file system as it is now under a name\n"
    "  snap ls IMAGE                       list the snapshots, and what removing each would free\n"
    "  snap rm IMAGE NAME                  remove one; in any order\n"
    "  snap diff IMAGE NAME [NAME]         what came (+), went (-) and was changed (M) from one to the other, or to now\n"
    "\n"
    "ls, get and stat take /snap/NAME/... for what is in a snapshot.\n"
    "put: a single file to a directory that exists, or several paths, go into GUESTPATH under their own names;\n"
    "else GUESTPATH is the name of the copy. A directory is merged into one that exists. Parents are made.\n"
    "check --repair: saves what can be saved. What is sound stays where it is; files that have lost contents, or their\n"
    "names, go to /lost+found. Exit status 1 when it has repaired something. Keep a copy of an image that matters.\n"
    "An image is a sparse file: it takes the space of what is in it.\n";

static int complain(const char *text)
{
    fprintf(stderr, "tarry: fs: %s\n", text);
    return EXIT_MISUSE;
}

static int misuse(const char *text)
{
    fprintf(stderr, "tarry: fs: %s; see 'tarry fs --help'\n", text);
    return EXIT_MISUSE;
}

/* ---- a mounted image ---- */

struct session {
    struct image *image;
    struct hostfs *fs;
    struct meter meter;
    char err[1024];
};

static int session_open(struct session *s, const char *path, enum image_mode mode)
{
    *s = (struct session){0};
    s->image = image_open(path, mode, s->err, sizeof s->err);
    if (s->image != NULL)
        s->fs = hostfs_mount(s->image, s->err, sizeof s->err);
    if (s->fs == NULL) {
        image_close(s->image);
        return complain(s->err);
    }
    meter_begin(&s->meter, s->fs);
    return 0;
}

/* status: of the command so far; a failed commit makes it worse. */
static int session_close(struct session *s, int status)
{
    char err[1024];

    meter_end(&s->meter);
    if (status == EXIT_MISUSE)
        complain(s->err);
    if (hostfs_unmount(s->fs, err, sizeof err) < 0)
        status = status == EXIT_MISUSE ? status : complain(err);
    image_close(s->image);
    return status;
}

static int session_failed(struct session *s, int code, const char *what)
{
    hostfs_fail(s->fs, code, what, s->err, sizeof s->err);
    return EXIT_MISUSE;
}

/* ---- create ---- */

/* "16G" to bytes; 0 if it is not a size. */
static uint64_t parse_size(const char *s)
{
    static const char units[] = "KMGT";
    char *end;

    errno = 0;
    unsigned long long n = strtoull(s, &end, 10);
    if (end == s || *s == '-' || errno != 0)
        return 0;
    unsigned shift = 0;
    if (*end != 0) {
        const char *u = strchr(units, *end >= 'a' ? *end - 32 : *end);
        if (u == NULL || end[1] != 0)
            return 0;
        shift = 10 * (unsigned)(u - units + 1);
    }
    return n > UINT64_MAX >> 1 >> shift ? 0 : (uint64_t)n << shift;
}

/* Makes it beside its place and renames it, so that a failure leaves what was there. */
static int create_image(const char *path, uint64_t bytes)
{
    char temporary[4096], err[1024];

    if (snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid()) >= (int)sizeof temporary)
        return misuse("path too long");
    struct image *im = image_create(temporary, bytes, 0, err, sizeof err);
    if (im == NULL)
        return complain(err);
    int r = hostfs_format(im, err, sizeof err);
    image_close(im);
    if (r == 0 && rename(temporary, path) < 0) {
        snprintf(err, sizeof err, "%s: %s", path, strerror(errno));
        r = -1;
    }
    if (r == 0)
        return 0;
    unlink(temporary);
    return complain(err);
}

static int fs_create(int argc, char **argv)
{
    const char *path = NULL, *size = NULL;
    int force = 0;
    struct stat st;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--force") == 0)
            force = 1;
        else if (argv[i][0] == '-')
            return misuse("create: unknown option");
        else if (path == NULL)
            path = argv[i];
        else if (size == NULL)
            size = argv[i];
        else
            return misuse("create: too many arguments");
    }
    if (size == NULL)
        return misuse("create: wants IMAGE and SIZE");
    uint64_t bytes = parse_size(size) / TFS_BLOCK * TFS_BLOCK;
    if (bytes == 0)
        return misuse("create: SIZE is a number of bytes with K, M, G or T, such as 16G");
    if (!force && lstat(path, &st) == 0) {
        fprintf(stderr, "tarry: fs: %s: exists already; --force replaces it\n", path);
        return EXIT_MISUSE;
    }
    return create_image(path, bytes);
}

/* ---- put and get ---- */

static int is_existing_dir(struct hostfs *h, const char *path)
{
    struct tfs_file *f;
    struct tfs_stat st;

    if (hostfs_walk(h, path, &f) < 0)
        return 0;
    tfs_stat(f, &st);
    tfs_unref(f);
    return (st.mode & DIR_BIT) != 0;
}

static int put_one(struct session *s, const char *from, const char *to, int into)
{
    struct stat st;
    char *path, *trimmed = strdup(from);
    int r;

    if (trimmed == NULL)
        abort();
    for (size_t n = strlen(trimmed); n > 1 && trimmed[n - 1] == '/'; n--)
        trimmed[n - 1] = 0;
    const char *slash = strrchr(trimmed, '/');
    if (stat(from, &st) == 0 && !S_ISDIR(st.st_mode) && (is_existing_dir(s->fs, to) || to[strlen(to) - 1] == '/'))
        into = 1;
    if (asprintf(&path, into ? "%s/%s" : "%s", to, slash ? slash + 1 : trimmed) < 0)
        abort();
    r = hostfs_put(s->fs, from, path, s->err, sizeof s->err);
    free(path);
    free(trimmed);
    return r;
}

static int fs_put(int argc, char **argv)
{
    struct session s;

    if (argc < 3 || argv[argc - 1][0] != '/')
        return misuse("put: wants IMAGE, HOSTPATH... and a GUESTPATH that begins with /");
    int status = session_open(&s, argv[0], IMAGE_WRITE);
    if (status != 0)
        return status;
    for (int i = 1; i < argc - 1 && status == 0; i++)
        if (put_one(&s, argv[i], argv[argc - 1], argc > 3) < 0)
            status = EXIT_MISUSE;
    return session_close(&s, status);
}

static int fs_get(int argc, char **argv)
{
    struct session s;
    struct stat st;
    char *inside = NULL;

    if (argc != 3)
        return misuse("get: wants IMAGE, GUESTPATH and HOSTPATH (or -)");
    int status = session_open(&s, argv[0], IMAGE_READ);
    if (status != 0)
        return status;
    const char *to = argv[2], *slash = strrchr(argv[1], '/');
    if (strcmp(to, "-") != 0 && stat(to, &st) == 0 && S_ISDIR(st.st_mode) && !is_existing_dir(s.fs, argv[1]) &&
        asprintf(&inside, "%s/%s", to, slash ? slash + 1 : argv[1]) >= 0)
        to = inside;
    if (hostfs_get(s.fs, argv[1], to, s.err, sizeof s.err) < 0)
        status = EXIT_MISUSE;
    free(inside);
    return session_close(&s, status);
}

/* ---- ls ---- */

struct listing {
    struct tfs_dirent *entries;
    size_t n, room;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tfs_dirent *)a)->name, ((const struct tfs_dirent *)b)->name);
}

static int list_add(struct listing *l, const struct tfs_dirent *e)
{
    if (l->n == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        void *p = realloc(l->entries, room * sizeof *e);
        if (p == NULL)
            return -TFS_ENOMEM;
        l->entries = p;
        l->room = room;
    }
    l->entries[l->n++] = *e;
    return 0;
}

/* Names may hold anything: what would confuse a terminal is shown as ?. */
static void print_name(const char *name)
{
    for (; *name; name++)
        putchar((unsigned char)*name < ' ' || *name == 127 ? '?' : *name);
}

static void mode_text(uint32_t mode, char text[11])
{
    static const char bits[] = "rwxrwxrwx";

    text[0] = mode & DIR_BIT ? 'd' : mode & APPEND_BIT ? 'a' : '-';
    for (int i = 0; i < 9; i++)
        text[i + 1] = mode >> (8 - i) & 1 ? bits[i] : '-';
    text[10] = 0;
}

static void print_entry(const char *name, struct tfs_file *f, int details)
{
    struct tfs_stat st;
    char mode[11];

    tfs_stat(f, &st);
    if (details) {
        mode_text(st.mode, mode);
        printf("%s %8llu %14llu ", mode, (unsigned long long)st.ino, (unsigned long long)st.length);
    }
    print_name(name);
    printf("%s\n", st.mode & DIR_BIT ? "/" : "");
}

static int print_listing(struct tfs_file *dir, struct listing *l, int details)
{
    for (size_t i = 0; i < l->n; i++) {
        struct tfs_file *f;
        int r = tfs_walk(dir, l->entries[i].name, &f);
        if (r < 0)
            return r;
        print_entry(l->entries[i].name, f, details);
        tfs_unref(f);
    }
    return 0;
}

static int list_dir(struct tfs_file *dir, int details)
{
    struct listing l = {0};
    struct tfs_dirent e;
    uint64_t cookie = 0;
    int r;

    while ((r = tfs_readdir(dir, &cookie, &e)) > 0)
        if ((r = list_add(&l, &e)) < 0)
            break;
    if (r == 0 && l.n > 0) {
        qsort(l.entries, l.n, sizeof e, by_name);
        r = print_listing(dir, &l, details);
    }
    free(l.entries);
    return r;
}

static int fs_ls(int argc, char **argv)
{
    const char *image = NULL, *path = NULL;
    int details = 0;
    struct session s;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "-l") == 0)
            details = 1;
        else if (argv[i][0] == '-' || path != NULL)
            return misuse("ls: wants IMAGE, perhaps PATH, perhaps -l");
        else
            *(image ? &path : &image) = argv[i];
    }
    if (image == NULL)
        return misuse("ls: wants IMAGE");
    int status = session_open(&s, image, IMAGE_READ);
    if (status != 0)
        return status;
    struct tfs_file *f;
    const char *what = path ? path : "/";
    int r = hostfs_walk(s.fs, what, &f);
    if (r == 0) {
        struct tfs_stat st;
        tfs_stat(f, &st);
        if (st.mode & DIR_BIT)
            r = list_dir(f, details);
        else
            print_entry(what, f, details);
        tfs_unref(f);
    }
    return session_close(&s, r < 0 ? session_failed(&s, r, what) : 0);
}

/* ---- stat and check ---- */

static void print_space(struct hostfs *h)
{
    struct tfs_space sp;

    tfs_space(hostfs_tfs(h), &sp);
    printf("block_size %u\nblocks %llu\nfree_blocks %llu\nused_blocks %llu\nepoch %llu\n", TFS_BLOCK,
           (unsigned long long)sp.blocks, (unsigned long long)sp.free_blocks,
           (unsigned long long)(sp.blocks - sp.free_blocks), (unsigned long long)sp.epoch);
}

/* Pieces in which the file lies on the disk. */
static int count_extents(struct tfs_file *f, uint64_t nblocks, uint64_t *n)
{
    uint64_t end = 0;
    struct tfs_extent e;

    *n = 0;
    for (uint64_t b = 0; b < nblocks; b += e.run) {
        int r = tfs_map(f, b, &e);
        if (r < 0)
            return r;
        *n += e.blk != 0 && e.blk != end;
        end = e.blk != 0 ? e.blk + e.run : 0;
    }
    return 0;
}

static int print_file(struct tfs_file *f)
{
    struct tfs_stat st;
    char mode[11];
    uint64_t n = 0;
    int r = 0;

    tfs_stat(f, &st);
    mode_text(st.mode, mode);
    if (!(st.mode & DIR_BIT))
        r = count_extents(f, (st.length + TFS_BLOCK - 1) / TFS_BLOCK, &n);
    if (r < 0)
        return r;
    printf("ino %llu\nmode %s\nlength %llu\nblocks %llu\n", (unsigned long long)st.ino, mode,
           (unsigned long long)st.length, (unsigned long long)st.blocks);
    if (!(st.mode & DIR_BIT))
        printf("extents %llu\n", (unsigned long long)n);
    printf("version %llu\nmtime_ns %llu\n", (unsigned long long)st.version, (unsigned long long)st.mtime_ns);
    return 0;
}

static int fs_stat(int argc, char **argv)
{
    struct session s;
    struct tfs_file *f;

    if (argc < 1 || argc > 2)
        return misuse("stat: wants IMAGE and perhaps PATH");
    int status = session_open(&s, argv[0], IMAGE_READ);
    if (status != 0)
        return status;
    if (argc == 1) {
        print_space(s.fs);
        return session_close(&s, 0);
    }
    int r = hostfs_walk(s.fs, argv[1], &f);
    if (r == 0) {
        r = print_file(f);
        tfs_unref(f);
    }
    return session_close(&s, r < 0 ? session_failed(&s, r, argv[1]) : 0);
}

static void print_finding(void *arg, const char *finding)
{
    (void)arg;
    printf("%s\n", finding);
}

static int fs_repair(const char *path)
{
    char err[1024];
    struct image *im = image_open(path, IMAGE_WRITE, err, sizeof err);

    if (im == NULL)
        return complain(err);
    int64_t n = hostfs_repair(im, print_finding, NULL, err, sizeof err);
    image_close(im);
    if (n < 0)
        return complain(err);
    if (n > 0)
        printf("%s: %lld repair%s\n", path, (long long)n, n == 1 ? "" : "s");
    return n > 0 ? EXIT_FOUND : 0;
}

static int fs_check(int argc, char **argv)
{
    struct session s;
    const char *path = NULL;
    int repair = 0;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--repair") == 0)
            repair = 1;
        else if (argv[i][0] == '-' || path != NULL)
            return misuse("check: wants IMAGE and perhaps --repair");
        else
            path = argv[i];
    }
    if (path == NULL)
        return misuse("check: wants IMAGE");
    int repaired = repair ? fs_repair(path) : 0;
    if (repaired == EXIT_MISUSE)
        return repaired;
    int status = session_open(&s, path, IMAGE_READ);
    if (status != 0)
        return status;
    int64_t n = tfs_check(hostfs_tfs(s.fs), print_finding, NULL);
    if (n < 0)
        return session_close(&s, session_failed(&s, (int)n, path));
    if (n > 0)
        printf("%s: %lld finding%s%s\n", path, (long long)n, n == 1 ? "" : "s",
               repair ? "" : "; 'tarry fs check --repair' saves what can be saved");
    else
        printf("%s: clean\n", path);
    return session_close(&s, n > 0 ? EXIT_FOUND : repaired);
}

/* ---- snapshots ---- */

static int snap_change(const char *image, const char *name, int (*change)(struct tfs *, const char *))
{
    struct session s;
    int status = session_open(&s, image, IMAGE_WRITE);

    if (status != 0)
        return status;
    hostfs_now(s.fs);
    int r = change(hostfs_tfs(s.fs), name);
    if (r == -TFS_EINVAL || r == -TFS_ENAMETOOLONG) {
        snprintf(s.err, sizeof s.err, "%s: not a name for a snapshot; at most 63 bytes without /", name);
        return session_close(&s, EXIT_MISUSE);
    }
    return session_close(&s, r < 0 ? session_failed(&s, r, name) : 0);
}

static int snap_look(int argc, char **argv, int diff)
{
    struct session s;
    struct tfs *before, *after;
    uint64_t found = 0;
    int status = session_open(&s, argv[0], IMAGE_READ);

    if (status != 0)
        return status;
    after = hostfs_tfs(s.fs);
    if (!diff)
        return session_close(&s, (status = snap_list(after)) < 0 ? session_failed(&s, status, argv[0]) : 0);
    int r = hostfs_snapshot(s.fs, argv[1], &before);
    if (r < 0)
        return session_close(&s, session_failed(&s, r, argv[1]));
    if (argc == 3 && (r = hostfs_snapshot(s.fs, argv[2], &after)) < 0)
        return session_close(&s, session_failed(&s, r, argv[2]));
    r = snap_diff(before, after, &found);
    return session_close(&s, r < 0 ? session_failed(&s, r, argv[0]) : found > 0 ? EXIT_FOUND : 0);
}

static int fs_snap(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[0], "create") == 0)
        return snap_change(argv[1], argv[2], tfs_named_create);
    if (argc == 3 && strcmp(argv[0], "rm") == 0)
        return snap_change(argv[1], argv[2], tfs_named_remove);
    if (argc == 2 && strcmp(argv[0], "ls") == 0)
        return snap_look(argc - 1, argv + 1, 0);
    if ((argc == 3 || argc == 4) && strcmp(argv[0], "diff") == 0)
        return snap_look(argc - 1, argv + 1, 1);
    return misuse("snap: wants create IMAGE NAME, ls IMAGE, rm IMAGE NAME, or diff IMAGE NAME [NAME]");
}

/* ---- the command ---- */

int cmd_fs(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"create", fs_create}, {"put", fs_put},   {"get", fs_get},
                    {"ls", fs_ls},         {"stat", fs_stat}, {"check", fs_check},
                    {"snap", fs_snap}};

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return 0;
        }
    if (argc < 2)
        return misuse("wants a command");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        int status = commands[i].run(argc - 2, argv + 2);
        if (fflush(stdout) == EOF || ferror(stdout)) {
            fprintf(stderr, "tarry: fs: standard output: %s\n", strerror(errno));
            return EXIT_MISUSE;
        }
        return status;
    }
    fprintf(stderr, "tarry: fs: %s: no such command; see 'tarry fs --help'\n", argv[1]);
    return EXIT_MISUSE;
}
