/* SPDX-License-Identifier: GPL-2.0-only */
/* HTIF, as far as tests use it: exit, the console, and the proxied system calls write and exit. */
#include "tohost.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "machine_priv.h"

enum { DEVICE_SYSCALL = 0, DEVICE_CONSOLE = 1 };
enum { CONSOLE_READ = 0, CONSOLE_WRITE = 1 };
enum { SYS_WRITE = 64, SYS_EXIT = 93 }; /* as on RISC-V Linux */
enum { MOST_STATUS = 255, CHARACTER = 0x100 };

#define PAYLOAD ((1ull << 48) - 1)

static uint8_t *page(struct machine *m)
{
    return ram_at(m, m->tohost.pa & ~(PAGE_BYTES - 1), PAGE_BYTES);
}

static uint64_t on_read(uc_engine *uc, uint64_t offset, unsigned bytes, void *user)
{
    uint64_t value = 0;
    (void)uc;
    memcpy(&value, page(user) + offset, bytes);
    return value;
}

static void on_write(uc_engine *uc, uint64_t offset, unsigned bytes, uint64_t value, void *user)
{
    struct machine *m = user;
    (void)uc;
    memcpy(page(m) + offset, &value, bytes);
    m->tohost.written = true;
    hart_look_up(&m->hart);
}

int tohost_watch(struct machine *m, uint64_t pa, uint64_t fromhost, char *err, size_t errlen)
{
    if (pa % 8 || !ram_at(m, pa, 8) || (fromhost && (fromhost % 8 || !ram_at(m, fromhost, 8)))) {
        snprintf(err, errlen, "tohost at 0x%llx, fromhost at 0x%llx: must be aligned and in RAM",
                 (unsigned long long)pa, (unsigned long long)fromhost);
        return -1;
    }
    m->tohost = (struct tohost){.pa = pa, .fromhost = fromhost};
    uc_err e = uc_mmio_map(m->hart.uc, TOHOST_WINDOW, PAGE_BYTES, on_read, m, on_write, m);
    if (e != UC_ERR_OK) {
        snprintf(err, errlen, "cannot watch tohost: %s", uc_strerror(e));
        return -1;
    }
    return 0;
}

static uint64_t load_word(struct machine *m, uint64_t pa)
{
    uint64_t word = 0;
    const void *ram = ram_at(m, pa, sizeof word);
    if (ram)
        memcpy(&word, ram, sizeof word);
    return word;
}

static void store_word(struct machine *m, uint64_t pa, uint64_t word)
{
    void *ram = ram_at(m, pa, sizeof word);
    if (!ram)
        return;
    memcpy(ram, &word, sizeof word);
    ram_written(m, pa, sizeof word);
}

static void respond(struct machine *m, unsigned device, unsigned command, uint64_t payload)
{
    if (m->tohost.fromhost)
        store_word(m, m->tohost.fromhost, (uint64_t)device << 56 | (uint64_t)command << 48 | payload);
}

static void leave(struct machine *m, uint64_t code)
{
    machine_stop(m, STOP_EXIT, (int)(code > MOST_STATUS ? MOST_STATUS : code), code ? "the guest reports failure %llu (tohost)" : NULL,
                 (unsigned long long)code);
}

/* write(fd, pa, n): whatever the descriptor, it is the console. */
static uint64_t proxied_write(struct machine *m, uint64_t pa, uint64_t n)
{
    const uint8_t *text = ram_at(m, pa, n);
    if (!text)
        return (uint64_t)-EFAULT;
    for (uint64_t i = 0; i < n; i++)
        console_put(m, text[i]);
    return n;
}

/* A system call: at the payload lie its number and its arguments; the result takes the number's place. */
static void system_call(struct machine *m, uint64_t pa)
{
    if (pa % 8 || !ram_at(m, pa, 64)) {
        machine_stop(m, STOP_ERROR, 1, "tohost: a system call's arguments at 0x%llx are not in RAM",
                     (unsigned long long)pa);
        return;
    }
    uint64_t number = load_word(m, pa), a1 = load_word(m, pa + 16), a2 = load_word(m, pa + 24);
    if (number == SYS_EXIT) {
        leave(m, load_word(m, pa + 8));
        return;
    }
    store_word(m, pa, number == SYS_WRITE ? proxied_write(m, a1, a2) : (uint64_t)-ENOSYS);
    respond(m, DEVICE_SYSCALL, 0, 1);
}

static void command(struct machine *m, uint64_t word)
{
    unsigned device = (unsigned)(word >> 56), number = (unsigned)(word >> 48 & 0xff);
    uint64_t payload = word & PAYLOAD;
    if (device == DEVICE_SYSCALL && number == 0 && (payload & 1))
        leave(m, payload >> 1);
    else if (device == DEVICE_SYSCALL && number == 0)
        system_call(m, payload);
    else if (device == DEVICE_CONSOLE && number == CONSOLE_WRITE)
        console_put(m, (uint8_t)payload);
    else if (device == DEVICE_CONSOLE && number == CONSOLE_READ)
        m->tohost.reading = true;
    else
        machine_stop(m, STOP_ERROR, 1, "tohost: 0x%llx is no command that is known here", (unsigned long long)word);
}

void tohost_serve(struct machine *m)
{
    struct tohost *t = &m->tohost;
    if (t->written) {
        t->written = false;
        ram_written(m, t->pa & ~(PAGE_BYTES - 1), PAGE_BYTES);
        uint64_t word = load_word(m, t->pa);
        if (word) {
            store_word(m, t->pa, 0);
            command(m, word);
        }
    }
    if (!t->reading)
        return;
    int byte = console_get(m);
    if (byte >= 0) {
        t->reading = false;
        respond(m, DEVICE_CONSOLE, CONSOLE_READ, CHARACTER | (unsigned)byte);
    }
}
