/* SPDX-License-Identifier: GPL-2.0-only */
/* The connection to the debugger: one at a time, on a TCP port of this host or a Unix socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../machine_priv.h"
#include "../say.h"
#include "debug.h"

static bool is_port(const char *where, uint64_t *port)
{
    if (*where == ':')
        where++;
    return parse_count(where, port);
}

bool connect_is_port(const char *where)
{
    uint64_t port;
    return is_port(where, &port);
}

bool connect_valid(const char *where, char *err, size_t errlen)
{
    uint64_t port = 1;
    if (!*where)
        snprintf(err, errlen, "--gdb: needs a TCP port of this host or a path for a socket");
    else if (is_port(where, &port) && (port == 0 || port > 65535))
        snprintf(err, errlen, "--gdb %s: a port is a number from 1 to 65535", where);
    else
        return true;
    return false;
}

static int listen_tcp(uint64_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 4) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int listen_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;
    if (strlen(path) >= sizeof a.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && connect(fd, (struct sockaddr *)&a, sizeof a) != 0 &&
        errno == ECONNREFUSED)
        unlink(path); /* left over by a run that is no more */
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 4) == 0)
        return fd;
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return -1;
}

bool connect_listen(struct debug *d)
{
    uint64_t port;
    bool tcp = is_port(d->where, &port);
    d->shared->listener = tcp ? listen_tcp(port) : listen_unix(d->where);
    if (d->shared->listener < 0) {
        say("--gdb %s: %s; choose another %s", d->where, strerror(errno), tcp ? "port" : "name for the socket");
        return false;
    }
    return true;
}

void connect_advise(const struct debug *d)
{
    uint64_t port;
    if (is_port(d->where, &port))
        say("waiting for a debugger: gdb-multiarch -ex 'target remote :%u'", (unsigned)port);
    else
        say("waiting for a debugger: gdb-multiarch -ex 'target remote %s'", d->where);
}

static void fresh_connection(struct debug *d, int fd)
{
    struct shared *s = d->shared;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a Unix socket has no use for it */
    fcntl(fd, F_SETFL, O_NONBLOCK);
    s->connection = fd;
    s->connected = true;
    s->input_at = s->input_end = 0;
    s->reader.state = BETWEEN;
    s->no_ack = s->swbreak = s->hwbreak = s->physical = false;
    s->stops.npoints = 0;
    s->stops.watching = false;
    stops_changed(&d->machine->hart);
    d->machine->console.debugger = fd;
}

bool connect_wait(struct debug *d)
{
    struct pollfd fds[2] = {{.fd = d->shared->listener, .events = POLLIN},
                            {.fd = d->machine->console.wake[0], .events = POLLIN}};
    while (!d->machine->interrupted) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return false;
        int fd = fds[0].revents & POLLIN ? accept4(d->shared->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0) {
            fresh_connection(d, fd);
            return true;
        }
    }
    return false;
}

static void hang_up(struct debug *d)
{
    if (d->shared->connection >= 0) {
        shutdown(d->shared->connection, SHUT_RDWR); /* checkpoints may have copies of it */
        close(d->shared->connection);
    }
    d->shared->connection = d->machine->console.debugger = -1;
}

void connect_close(struct debug *d)
{
    uint64_t port;
    hang_up(d);
    if (d->shared->listener >= 0) {
        close(d->shared->listener);
        if (!is_port(d->where, &port))
            unlink(d->where);
    }
    d->shared->listener = -1;
}

/* One debugger is enough. */
static void turn_away(struct debug *d)
{
    int fd = accept4(d->shared->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
}

/* Reads what is there, waiting for it if need be. False: nothing; *lost: and there never will be. */
static bool receive(struct debug *d, int timeout_ms, bool *lost)
{
    struct shared *s = d->shared;
    struct pollfd fds[3] = {{.fd = s->connection, .events = POLLIN | POLLRDHUP},
                            {.fd = s->listener, .events = POLLIN},
                            {.fd = d->machine->console.wake[0], .events = POLLIN}};
    *lost = s->connection < 0;
    if (*lost || poll(fds, 3, timeout_ms) <= 0)
        return false;
    if (fds[1].revents & POLLIN && !(fds[0].revents & (POLLRDHUP | POLLHUP))) /* else its successor, who must wait */
        turn_away(d);
    if (!fds[0].revents)
        return false;
    if (s->input_at == s->input_end)
        s->input_at = s->input_end = 0;
    if (s->input_end == sizeof s->input)
        return true; /* full: it was not looked at for long */
    ssize_t n = read(s->connection, s->input + s->input_end, sizeof s->input - s->input_end);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    *lost = n <= 0;
    if (*lost)
        hang_up(d);
    else
        s->input_end += (size_t)n;
    return !*lost;
}

int connect_byte(struct debug *d, bool wait)
{
    struct shared *s = d->shared;
    bool lost = false;
    while (s->input_at == s->input_end) {
        if (d->machine->interrupted)
            return -2;
        if (receive(d, wait ? -1 : 0, &lost))
            continue;
        if (lost)
            return -2;
        if (!wait)
            return -1;
    }
    return s->input[s->input_at++];
}

void connect_send(struct debug *d, const char *bytes, size_t n)
{
    int fd = d->shared->connection;
    while (n > 0 && fd >= 0) {
        ssize_t put = send(fd, bytes, n, MSG_NOSIGNAL);
        if (put > 0) {
            bytes += put;
            n -= (size_t)put;
        } else if (put < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        } else if (put == 0 || errno != EINTR) {
            hang_up(d);
            return;
        }
    }
}

bool connect_interrupted(struct debug *d)
{
    struct shared *s = d->shared;
    bool lost;
    receive(d, 0, &lost);
    if (lost)
        return true; /* stop: another debugger may come */
    for (size_t i = s->input_at; i < s->input_end; i++)
        if (s->input[i] == 3) {
            s->input_at = i + 1; /* acknowledgements may stand before it */
            return true;
        }
    return false;
}
