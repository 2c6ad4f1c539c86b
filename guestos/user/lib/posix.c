/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The POSIX calls that picolibc and ordinary programs need, on Tarry's. There are no users, links, environment or
 * signals; time is virtual and begins with the boot.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ecall.h"
#include "result.h"
#include "tarry.h"

/* The kernel's codes are this library's: result() need not translate. */
#define X(n, name, text) _Static_assert(n == name, #name);
TARRY_ERRORS(X)
#undef X

/* ---- files ---- */

/* The flags of POSIX and of Plan 9 (OTRUNC, OAPPEND, OEXCL) share no bit but the access mode: both are understood. */
int open(const char *path, int flags, ...)
{
    uint32_t perm = 0;
    if (flags & O_CREAT) {
        va_list ap;
        va_start(ap, flags);
        perm = va_arg(ap, unsigned) & 0777;
        va_end(ap);
    }
    int mode = flags & (O_ACCMODE | OTRUNC | OAPPEND);
    if (flags & O_TRUNC)
        mode |= OTRUNC;
    if (flags & O_APPEND)
        mode |= OAPPEND;
    if (!(flags & O_CREAT))
        return (int)result(sys_open(path, mode));
    if (!(flags & O_EXCL)) { /* create truncates, O_CREAT alone must not */
        long fd = sys_open(path, mode);
        if (fd != -T_ENOENT)
            return (int)result(fd);
    }
    return (int)result(sys_create(path, (mode & ~OTRUNC) | OEXCL, perm));
}

int creat(const char *path, mode_t perm)
{
    return (int)result(sys_create(path, OWRITE, perm & 0777));
}
int close(int fd)
{
    return (int)result(sys_close(fd));
}

static inline ssize_t pread_at(int fd, void *buf, size_t n, off_t offset)
{
    return result(ecall(SYS_pread, fd, (long)buf, (long)n, offset, 0));
}

static inline ssize_t pwrite_at(int fd, const void *buf, size_t n, off_t offset)
{
    return result(ecall(SYS_pwrite, fd, (long)buf, (long)n, offset, 0));
}

ssize_t read(int fd, void *buf, size_t n)
{
    return pread_at(fd, buf, n, -1);
}
ssize_t write(int fd, const void *buf, size_t n)
{
    return pwrite_at(fd, buf, n, -1);
}

ssize_t pread(int fd, void *buf, size_t n, off_t offset)
{
    return offset < 0 ? result(-T_EINVAL) : pread_at(fd, buf, n, offset);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
    return offset < 0 ? result(-T_EINVAL) : pwrite_at(fd, buf, n, offset);
}

off_t lseek(int fd, off_t offset, int whence)
{
    return result(sys_seek(fd, offset, whence));
}
int unlink(const char *path)
{
    return (int)result(sys_remove(path));
} /* and, for remove(), empty directories */
int rmdir(const char *path)
{
    return (int)result(sys_remove(path));
}
int mkdir(const char *path, mode_t perm)
{
    long fd = sys_create(path, OREAD | OEXCL, DMDIR | (perm & 0777));
    return (int)result(fd < 0 ? fd : sys_close((int)fd));
}

int chdir(const char *path)
{
    return (int)result(sys_chdir(path));
}
char *getcwd(char *buf, size_t n)
{
    return result(sys_getcwd(buf, n)) < 0 ? NULL : buf;
}
int dup(int fd)
{
    return (int)result(sys_dup(fd, -1));
}
int dup2(int fd, int newfd)
{
    return fd == newfd ? fd : (int)result(sys_dup(fd, newfd));
}
int pipe(int fds[2])
{
    return (int)result(sys_pipe(fds));
}
void sync(void)
{
    sys_sync();
}
/* There is no smaller commit than that of the file system. */
int fsync(int fd)
{
    struct tarry_stat t;
    long r = sys_fstat(fd, &t);
    return (int)result(r < 0 ? r : sys_sync());
}

static int to_posix(long r, const struct tarry_stat *t, struct stat *st)
{
    if (result(r) < 0)
        return -1;
    memset(st, 0, sizeof *st);
    st->st_dev = (dev_t)t->dev;
    st->st_ino = (ino_t)t->path;
    st->st_mode = (t->mode & 0777) | (t->mode & DMDIR ? S_IFDIR : t->dev == 'f' ? S_IFREG : S_IFCHR);
    st->st_nlink = 1;
    st->st_size = (off_t)t->length;
    st->st_mtim.tv_sec = (time_t)(t->mtime_ns / 1000000000);
    st->st_mtim.tv_nsec = (long)(t->mtime_ns % 1000000000);
    st->st_atim = st->st_ctim = st->st_mtim;
    st->st_blksize = TARRY_PAGE;
    st->st_blocks = (blkcnt_t)((t->length + 511) / 512);
    return 0;
}

int stat(const char *path, struct stat *st)
{
    struct tarry_stat t;
    return to_posix(sys_stat(path, &t), &t, st);
}

int fstat(int fd, struct stat *st)
{
    struct tarry_stat t;
    return to_posix(sys_fstat(fd, &t), &t, st);
}

int access(const char *path, int how)
{
    struct tarry_stat t;
    if (result(sys_stat(path, &t)) < 0)
        return -1;
    return (int)result(((t.mode >> 6) & 7 & (unsigned)how) == (unsigned)how ? 0 : -T_EACCES);
}

/* Does somebody type at the console? Its input may be a file's or a pipe's on the host; then only output is a terminal's. */
static int typed(void)
{
    char mode[8] = "";
    int fd = open("/dev/consctl", O_RDONLY);
    if (fd >= 0) {
        read(fd, mode, sizeof mode - 1);
        close(fd);
    }
    return strncmp(mode, "plain", 5) != 0;
}

int isatty(int fd)
{
    struct tarry_stat t;
    if (result(sys_fstat(fd, &t)) < 0)
        return 0;
    return t.dev == 'c' && strcmp(t.name, "cons") == 0 && (fd != 0 || typed());
}

static struct tarry_wstat *no_change(struct tarry_wstat *w)
{
    memset(w, 0xff, sizeof *w);
    w->name[0] = 0;
    return w;
}

int chmod(const char *path, mode_t mode)
{
    struct tarry_wstat w;
    no_change(&w)->mode = mode & 0777;
    return (int)result(sys_wstat(path, &w));
}

int truncate(const char *path, off_t length)
{
    struct tarry_wstat w;
    no_change(&w)->length = (uint64_t)length;
    return (int)result(length < 0 ? -T_EINVAL : sys_wstat(path, &w));
}

/* Renames within a directory and moves between directories; an existing file gives way, as POSIX wants it. */
int rename(const char *from, const char *to)
{
    struct tarry_wstat w;
    size_t n = strlen(to);
    const char *here = strchr(to, '/') ? "" : "./"; /* without a slash the kernel would take the file's own directory */
    if (n + 2 > TARRY_NAME_MAX)
        return (int)result(-T_ENAMETOOLONG);
    *put_text(put_text(no_change(&w)->name, here), to) = 0;
    long r = sys_wstat(from, &w);
    if (r == -T_EEXIST && sys_remove(to) == 0)
        r = sys_wstat(from, &w);
    return (int)result(r);
}

/* ---- processes ---- */

pid_t getpid(void)
{
    return (pid_t)sys_getpid();
}
pid_t fork(void)
{
    return (pid_t)result(sys_rfork(RFPROC | RFFDG));
}
int execv(const char *path, char *const argv[])
{
    return (int)result(sys_exec(path, argv));
}
int execve(const char *path, char *const argv[], char *const envp[])
{
    (void)envp;
    return execv(path, argv);
}

/* A name without a slash is looked for in /bin. */
int execvp(const char *file, char *const argv[])
{
    char path[TARRY_PATH_MAX + 1];
    if (strchr(file, '/'))
        return execv(file, argv);
    return join_path(path, "/bin", file) < 0 ? -1 : execv(path, argv);
}

/* Only children that end while one waits for another are remembered, and only so many. */
enum { NEARLY = 32 };
static struct {
    pid_t pid;
    int status;
} ended[NEARLY];

static pid_t take_ended(pid_t pid, int *status)
{
    for (int i = 0; i < NEARLY; i++) {
        pid_t found = ended[i].pid;
        if (found && (pid < 0 || found == pid)) {
            if (status)
                *status = ended[i].status;
            ended[i].pid = 0;
            return found;
        }
    }
    return 0;
}

static void keep_ended(pid_t pid, int status)
{
    for (int i = 0; i < NEARLY; i++)
        if (!ended[i].pid) {
            ended[i].pid = pid;
            ended[i].status = status;
            return;
        }
}

/* Options are not supported. A child killed by a note counts as killed by signal 9. */
pid_t waitpid(pid_t pid, int *status, int options)
{
    struct waitmsg w;
    if (options)
        return (pid_t)result(-T_EINVAL);
    pid_t early = take_ended(pid, status);
    if (early)
        return early;
    while (await(&w) >= 0) {
        uint64_t code;
        int s = !w.status[0] ? 0 : parse_number(w.status, &code) ? (int)(code & 0xff) << 8 : 9;
        if (pid < 0 || w.pid == pid) {
            if (status)
                *status = s;
            return w.pid;
        }
        keep_ended(w.pid, s);
    }
    return -1;
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}

/* ---- time ---- */

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    uint64_t ns = (uint64_t)sys_nsec();
    tv->tv_sec = (time_t)(ns / 1000000000);
    tv->tv_usec = (suseconds_t)(ns % 1000000000 / 1000);
    return 0;
}

/* There is no account of a process's own time before it ends: all is user time since boot. */
clock_t times(struct tms *t)
{
    clock_t now = (clock_t)((uint64_t)sys_nsec() / (1000000000 / CLOCKS_PER_SEC));
    memset(t, 0, sizeof *t);
    t->tms_utime = now;
    return now;
}

unsigned sleep(unsigned seconds)
{
    sys_sleep((uint64_t)seconds * 1000000000);
    return 0;
}

int usleep(useconds_t us)
{
    return (int)result(sys_sleep((uint64_t)us * 1000));
}
