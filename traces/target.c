/* SPDX-License-Identifier: GPL-2.0-only */
#include "target.h"
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "schema.h"

static const char *const sidecars[] = {"-wal", "-shm", "-journal"};

static void remove_sidecars(const char *path)
{
    for (size_t i = 0; i < sizeof(sidecars) / sizeof(sidecars[0]); i++) {
        char *name = sqlite3_mprintf("%s%s", path, sidecars[i]);
        if (name != NULL)
            unlink(name);
        sqlite3_free(name);
    }
}

static int refuse(struct target *t, char *err, size_t errlen, const char *why, const char *remedy)
{
    snprintf(err, errlen, "trace %s: %s; %s", t->path, why, remedy);
    return -1;
}

/* Opens and locks a file that is to be written; an error is left in errno. */
static int claim(const char *path, int flags)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0666);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        close(fd);
        errno = EBUSY;
        return -1;
    }
    return fd;
}

static int cannot_create(struct target *t, const char *path, char *err, size_t errlen)
{
    if (errno == EBUSY)
        snprintf(err, errlen, "trace %s: another run is writing it; choose another name with -o", path);
    else
        snprintf(err, errlen, "trace %s: cannot create: %s; choose another place with -o", path, strerror(errno));
    free(t->path);
    free(t->work);
    return -1;
}

/* What a run that was killed left in the log of the old trace is brought into the file, so that the file stands alone.
 */
static int settle(struct target *t, char *err, size_t errlen)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(t->path, &db, SQLITE_OPEN_READWRITE, NULL);

    sqlite3_busy_timeout(db, 2000);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    sqlite3_close(db);
    return rc == SQLITE_OK ? 0 : refuse(t, err, errlen, sqlite3_errstr(rc), "remove it or choose another name with -o");
}

/* May the file that has the name be replaced? Only a trace may, or an empty file. */
static int examine(struct target *t, const struct stat *st, char *err, size_t errlen)
{
    static const char remedy[] = "remove it yourself or choose another name with -o";
    unsigned char head[100];
    ssize_t n;
    int fd;

    if (S_ISDIR(st->st_mode))
        return refuse(t, err, errlen, "is a directory", "name a file with -o");
    if (!S_ISREG(st->st_mode))
        return refuse(t, err, errlen, "is not a regular file", "name a file with -o");
    if (st->st_size == 0)
        return 0;
    if (access(t->path, W_OK) < 0)
        return refuse(t, err, errlen, strerror(errno), remedy);
    fd = open(t->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(t, err, errlen, strerror(errno), remedy);
    n = pread(fd, head, sizeof(head), 0);
    if (n == (ssize_t)sizeof(head) && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        n = -1;
    close(fd);
    if (n < 0)
        return refuse(t, err, errlen, "another run is writing it", "choose another name with -o");
    if (n < (ssize_t)sizeof(head) || memcmp(head, "SQLite format 3", 16) != 0 ||
        ((unsigned)head[68] << 24 | head[69] << 16 | head[70] << 8 | head[71]) != TRACE_APPLICATION_ID)
        return refuse(t, err, errlen, "exists and is not a trace, so it is not overwritten", remedy);
    return settle(t, err, errlen);
}

/* SQLite gives names that begin with a colon a meaning of their own; a name with a directory is safe from that. */
static char *plain_name(const char *path)
{
    char *name = NULL;

    if (asprintf(&name, "%s%s", path[0] == ':' ? "./" : "", path) < 0)
        return NULL;
    return name;
}

static int claim_part(struct target *t, char *err, size_t errlen)
{
    char *real = realpath(t->path, NULL); /* a link stays a link: what it names is replaced */

    if (real != NULL) {
        free(t->path);
        t->path = real;
    }
    if (asprintf(&t->work, "%s.part", t->path) < 0) {
        t->work = NULL;
        errno = ENOMEM;
        return cannot_create(t, t->path, err, errlen);
    }
    t->fd = claim(t->work, 0);
    if (t->fd < 0)
        return cannot_create(t, t->work, err, errlen);
    if (ftruncate(t->fd, 0) < 0) { /* what an earlier run left when it was killed */
        close(t->fd);
        return cannot_create(t, t->work, err, errlen);
    }
    remove_sidecars(t->work);
    return 0;
}

int target_open(struct target *t, const char *path, char *err, size_t errlen)
{
    struct stat st;

    memset(t, 0, sizeof(*t));
    t->fd = -1;
    t->path = plain_name(path);
    if (t->path == NULL) {
        snprintf(err, errlen, "trace %s: out of memory", path);
        return -1;
    }
    if (stat(t->path, &st) == 0) {
        if (examine(t, &st, err, errlen) < 0) {
            free(t->path);
            return -1;
        }
        return claim_part(t, err, errlen);
    }
    t->fd = claim(t->path, O_EXCL);
    if (t->fd < 0)
        return cannot_create(t, t->path, err, errlen);
    t->work = strdup(t->path);
    remove_sidecars(t->path);
    return 0;
}

void target_leave(struct target *t)
{
    if (t->fd >= 0)
        close(t->fd);
    free(t->path);
    free(t->work);
    memset(t, 0, sizeof(*t));
    t->fd = -1;
}

void target_discard(struct target *t)
{
    remove_sidecars(t->work);
    unlink(t->work);
    target_leave(t);
}

int target_publish(struct target *t, char *err, size_t errlen)
{
    int rc = 0;

    if (strcmp(t->work, t->path) != 0) {
        remove_sidecars(t->path);
        rc = rename(t->work, t->path);
        if (rc < 0)
            snprintf(err, errlen, "trace %s: cannot take its name: %s; the trace is in %s", t->path, strerror(errno),
                     t->work);
    }
    target_leave(t);
    return rc;
}
