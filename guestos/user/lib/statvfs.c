/* SPDX-License-Identifier: GPL-2.0-only */
/* The room in the file system: /dev/fs, and POSIX's view of it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "tarry.h"

static uint64_t *field(struct fsspace *s, const char *name)
{
    const struct {
        const char *name;
        uint64_t *value;
    } fields[] = {{"blocksize", &s->blocksize}, {"blocks", &s->blocks},       {"free", &s->free},
                  {"held", &s->held},           {"snapshots", &s->snapshots}, {"epoch", &s->epoch}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].value;
    return NULL; /* of a newer kernel */
}

/* One line: a number, a space, what it is of. */
static void parse_line(struct fsspace *s, char *line)
{
    char *name = strchr(line, ' ');
    uint64_t value;
    if (name == NULL)
        return;
    *name++ = 0;
    uint64_t *to = field(s, name);
    if (to != NULL && parse_number(line, &value))
        *to = value;
}

int fsspace(struct fsspace *s)
{
    char text[512];
    int fd = open("/dev/fs", O_RDONLY);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n < 0)
        return -1;
    text[n] = 0;
    memset(s, 0, sizeof *s);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = 0;
        parse_line(s, line);
    }
    return 0;
}

static int fill(struct statvfs *v)
{
    struct fsspace s;
    if (fsspace(&s) < 0)
        return -1;
    memset(v, 0, sizeof *v);
    v->f_bsize = v->f_frsize = s.blocksize;
    v->f_blocks = s.blocks;
    v->f_bfree = v->f_bavail = s.free;
    v->f_namemax = TARRY_NAME_MAX;
    return 0;
}

int statvfs(const char *path, struct statvfs *v)
{
    struct tarry_stat st;
    return dirstat(path, &st) < 0 ? -1 : fill(v);
}

int fstatvfs(int fd, struct statvfs *v)
{
    struct tarry_stat st;
    return dirfstat(fd, &st) < 0 ? -1 : fill(v);
}
