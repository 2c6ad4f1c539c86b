/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starts QEMU and reads its log. `-singlestep -d exec,int,cpu,fpu,nochain` writes, before each instruction,
 *
 *     Trace 0: HOST-ADDRESS [cs_base/pc/flags/cflags]      the low three bits of flags are the privilege
 *      pc       0000000080000000                           and so on: CSRs, x0..x31, f0..f31
 *
 * for each trap `riscv_cpu_do_interrupt: hart:0, async:0, cause:..., epc:..., tval:..., desc=...`, and
 * `Stopped execution of TB chain before ...` when the instruction announced last did not run after all.
 */
#include "reference.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>


#define CPU_SECONDS 120 /* that QEMU may take */

struct reference {
    FILE *log;
    pid_t pid;
    int status;
    bool ended;
    int ram_fd;
    uint8_t *ram;
    uint64_t ram_bytes;
    bool announced;              /* `state` is that of the instruction announced last */
    struct state state;
    struct reference_event next; /* looked at, but not given */
    bool looked;
    char line[512];
};

static void run_qemu(const struct reference *r, const char *elf, int log)
{
    char path[32], memory[160], size[32];
    struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS};
    snprintf(path, sizeof path, "/proc/self/fd/%d", log);
    snprintf(memory, sizeof memory, "memory-backend-file,id=ram,mem-path=/proc/self/fd/%d,size=%llu,share=on", r->ram_fd,
             (unsigned long long)r->ram_bytes);
    snprintf(size, sizeof size, "%lluM", (unsigned long long)r->ram_bytes >> 20);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* QEMU ignores a log that nobody reads */
    setrlimit(RLIMIT_CPU, &cpu);
    execlp("qemu-system-riscv64", "qemu-system-riscv64", "-machine", "virt,memory-backend=ram", "-m", size,
           "-object", memory, "-cpu", "rv64,h=off,zba=off,zbb=off,zbc=off,zbs=off,pmu-num=0", "-bios", "none", "-kernel",
           elf, "-display", "none", "-serial", "none", "-monitor", "none", "-nodefaults", "-no-reboot", "-singlestep",
            "-d", "exec,int,cpu,fpu,nochain", "-D", path, (char *)NULL);
    fprintf(stderr, "lockstep: qemu-system-riscv64: %s; install qemu-system-misc\n", strerror(errno));
    _exit(127);
}

static bool make_ram(struct reference *r)
{
    r->ram_fd = memfd_create("ram", 0);
    if (r->ram_fd < 0 || ftruncate(r->ram_fd, (off_t)r->ram_bytes) != 0)
        return false;
    r->ram = mmap(NULL, r->ram_bytes, PROT_READ, MAP_SHARED, r->ram_fd, 0);
    return r->ram != MAP_FAILED;
}

struct reference *reference_start(const char *elf, uint64_t ram_bytes)
{
    struct reference *r = calloc(1, sizeof *r);
    int log[2];
    if (!r)
        return NULL;
    r->ram_bytes = ram_bytes;
    if (!make_ram(r) || pipe(log) != 0) {
        fprintf(stderr, "lockstep: no memory for the reference: %s\n", strerror(errno));
        return NULL;
    }
    r->pid = fork();
    if (r->pid == 0) {
        close(log[0]);
        run_qemu(r, elf, log[1]);
    }
    close(log[1]);
    r->log = fdopen(log[0], "r");
    setvbuf(r->log, NULL, _IOFBF, 1 << 16);
    return r;
}

/* ---- the log ---- */

static bool starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static uint64_t hex(const char *s)
{
    return strtoull(s, NULL, 16);
}

/* "x4/tp 0 x5/t0 1 ...": the registers of a line, from number `first` on */
static void four(const char *line, uint64_t *words)
{
    for (const char *s = strchr(line, '/'); s; s = strchr(s, '/')) {
        s += strcspn(s, " ");
        s += strspn(s, " ");
        *words++ = hex(s);
    }
}

static void csr_line(const char *line, struct state *s)
{
    size_t length = strcspn(line, " ");
    if (length == 2 && starts(line, "pc"))
        s->pc = hex(line + length);
    for (unsigned i = 0; i < S_CSRS; i++)
        if (strlen(state_csrs[i].name) == length && starts(line, state_csrs[i].name))
            s->word[S_CSR0 + i] = hex(line + length);
}

static bool next_line(struct reference *r)
{
    return fgets(r->line, sizeof r->line, r->log) != NULL;
}

/* The lines that follow "Trace". */
static bool read_state(struct reference *r)
{
    struct state *s = &r->state;
    const char *flags = strchr(r->line, '[');
    for (int i = 0; flags && i < 2; i++)
        flags = strchr(flags + 1, '/');
    s->privilege = flags ? hex(flags + 1) & 3 : 0;
    while (next_line(r)) {
        const char *line = r->line + strspn(r->line, " ");
        unsigned number = (unsigned)atoi(line + 1);
        if (starts(line, "f28/")) {
            four(line, &s->word[S_F0 + 28]);
            return true;
        }
        if (line[0] == 'x' && number < 32)
            four(line, &s->word[S_X0 + number]);
        else if (line[0] == 'f' && number < 32)
            four(line, &s->word[S_F0 + number]);
        else
            csr_line(line, s);
    }
    return false;
}

static uint64_t after(const char *line, const char *key)
{
    const char *s = strstr(line, key);
    return s ? hex(s + strlen(key)) : 0;
}

static void end(struct reference *r)
{
    int status = 0;
    if (r->ended)
        return;
    r->ended = true;
    waitpid(r->pid, &status, 0);
    r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* One line's event, or none (false). A state is given when it is known that its instruction runs. */
static bool read_event(struct reference *r, struct reference_event *e)
{
    if (!next_line(r)) {
        end(r);
        e->kind = REF_END;
        return true;
    }
    if (starts(r->line, "Stopped execution")) {
        r->announced = false;
    } else if (starts(r->line, "Trace ")) {
        e->kind = REF_STATE;
        e->state = r->state;
        bool given = r->announced;
        r->announced = read_state(r);
        return given;
    } else if (starts(r->line, "riscv_cpu_do_interrupt")) {
        *e = (struct reference_event){.kind = REF_TRAP, .interrupt = after(r->line, "async:") != 0,
                                      .cause = after(r->line, "cause:"), .epc = after(r->line, "epc:"),
                                      .tval = after(r->line, "tval:")};
        return true;
    }
    return false;
}

void reference_next(struct reference *r, struct reference_event *e)
{
    if (r->looked) {
        *e = r->next;
        r->looked = e->kind == REF_END;
        return;
    }
    while (!read_event(r, e))
        ;
    if (e->kind == REF_STATE || !r->announced)
        return;
    /* the state announced before comes first */
    r->next = *e;
    r->looked = true;
    r->announced = false;
    e->kind = REF_STATE;
    e->state = r->state;
}

int reference_status(struct reference *r)
{
    return r->status;
}

const uint8_t *reference_ram(struct reference *r)
{
    return r->ram;
}

void reference_stop(struct reference *r)
{
    if (!r->ended)
        kill(r->pid, SIGKILL);
    end(r);
    fclose(r->log);
    munmap(r->ram, r->ram_bytes);
    close(r->ram_fd);
    free(r);
}
