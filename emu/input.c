/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorded console input. The file is text:
 *
 *   tarry-input 1
 *   NAME VALUE         what identifies the run, percent-encoded, one fact a line
 *   console terminal   or plain
 *   input              what follows is input
 *   INSNS NS ASKED HOW BYTE
 */
#include "input.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../traces/events.h"
#include "../traces/recorder.h"

#define MOST_ENTRIES (4u << 20)
#define LOG_BYTES (sizeof(struct input_log) + MOST_ENTRIES * sizeof(struct input_entry))

static const char *const how_names[] = {"poll", "wait", "polled", "get", "end", "eof", "stop"};
#define NHOWS (sizeof how_names / sizeof *how_names)

struct input_log *input_new(bool terminal)
{
    struct input_log *log =
        mmap(NULL, LOG_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (log == MAP_FAILED)
        return NULL;
    log->terminal = terminal;
    return log;
}

void input_free(struct input_log *log)
{
    if (log)
        munmap(log, LOG_BYTES);
}

bool input_add(struct input_log *log, const struct input_entry *e)
{
    if (log->count == MOST_ENTRIES)
        return false;
    log->entries[log->count++] = *e;
    return true;
}

/* ---- what identifies a run ---- */

static const char *const fact_names[RECORDING_FACTS] = {"program", "arguments", "io",  "disk-model", "image",
                                                        "kernel",  "inputs",    "mem", "config"};

static const char *fact(const struct run_facts *f, unsigned i, char buf[32])
{
    const char *const texts[RECORDING_FACTS] = {f->program,     f->arguments, f->io, f->disk_model, f->image_hash,
                                                f->kernel_hash, f->inputs,    buf,   f->config};
    snprintf(buf, 32, "%llu", (unsigned long long)f->ram_bytes);
    return texts[i] ? texts[i] : "";
}

static void print_encoded(FILE *f, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c <= ' ' || c >= 0x7f || c == '%')
            fprintf(f, "%%%02X", c);
        else
            putc(c, f);
    }
}

static void decode(char *text)
{
    char *to = text;
    for (; *text; text++) {
        unsigned c;
        if (*text == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2]) &&
            sscanf(text + 1, "%2x", &c) == 1) {
            *to++ = (char)c;
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* The next word of a configuration that counts: not limits, nor what is compared otherwise. */
static const char *next_setting(const char **at, size_t *n)
{
    static const char *const skipped[] = {"max-insns=", "keep=", "console="};
    for (;;) {
        *at += strspn(*at, " ");
        const char *word = *at;
        bool skip = false;
        *n = strcspn(word, " ");
        *at += *n;
        for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
            skip |= !strncmp(word, skipped[i], strlen(skipped[i]));
        if (!skip)
            return word;
    }
}

static bool same_settings(const char *a, const char *b)
{
    const char *one, *two;
    size_t n, m;
    do {
        one = next_setting(&a, &n);
        two = next_setting(&b, &m);
        if (n != m || memcmp(one, two, n) != 0)
            return false;
    } while (n);
    return true;
}

int recording_fits(const struct recording *r, const struct run_facts *f, char *err, size_t errlen)
{
    static const char *const what[RECORDING_FACTS] = {"another program",      "other arguments",    "another --io",
                                                      "another --disk-model", "another disk image", "another kernel",
                                                      "other input files",    "another --mem",      "other options"};
    char buf[32];
    for (unsigned i = 0; i < RECORDING_FACTS; i++)
        if (strcmp(fact_names[i], "config") ? strcmp(r->facts[i], fact(f, i, buf)) != 0
                                            : !same_settings(r->facts[i], fact(f, i, buf))) {
            snprintf(err, errlen, "%s: was recorded with %s; repeat the run with the same command and files", r->path,
                     what[i]);
            return -1;
        }
    return 0;
}

/* ---- the file ---- */

int recording_save(const char *path, const struct input_log *log, const struct run_facts *facts, char *err,
                   size_t errlen)
{
    char buf[32];
    FILE *f = fopen(path, "w");
    if (f) {
        fprintf(f, "tarry-input 1\n");
        for (unsigned i = 0; i < RECORDING_FACTS; i++) {
            fprintf(f, "%s ", fact_names[i]);
            print_encoded(f, fact(facts, i, buf));
            putc('\n', f);
        }
        fprintf(f, "console %s\ninput\n", log->terminal ? "terminal" : "plain");
        for (size_t i = 0; i < log->count; i++) {
            const struct input_entry *e = &log->entries[i];
            fprintf(f, "%llu %llu %llu %s %u\n", (unsigned long long)e->insns, (unsigned long long)e->ns,
                    (unsigned long long)e->asked, how_names[e->how % NHOWS], e->byte);
        }
        if (fflush(f) == 0 && !ferror(f) && fclose(f) == 0)
            return 0;
    }
    snprintf(err, errlen, "--record %s: %s; choose another file", path, strerror(errno));
    return -1;
}

static bool take_fact(struct recording *r, char *line)
{
    char *value = strchr(line, ' ');
    if (!value)
        return false;
    *value++ = '\0';
    if (!strcmp(line, "console")) {
        r->console = true;
        r->log->terminal = !strcmp(value, "terminal");
        return r->log->terminal || !strcmp(value, "plain");
    }
    for (unsigned i = 0; i < RECORDING_FACTS; i++)
        if (!strcmp(line, fact_names[i]) && !r->facts[i]) {
            r->facts[i] = strdup(value);
            if (r->facts[i])
                decode(r->facts[i]);
            return r->facts[i] != NULL;
        }
    return false;
}

static bool take_entry(struct recording *r, const char *line)
{
    unsigned long long insns, ns, asked;
    unsigned byte;
    char how[16];
    int end = -1;
    if (sscanf(line, "%llu %llu %llu %15s %u%n", &insns, &ns, &asked, how, &byte, &end) != 5 || line[end] || byte > 255)
        return false;
    for (unsigned i = 0; i < NHOWS; i++)
        if (!strcmp(how, how_names[i])) {
            struct input_entry e = {insns, ns, asked, i, (uint8_t)byte};
            return input_add(r->log, &e);
        }
    return false;
}

static bool complete(const struct recording *r)
{
    for (unsigned i = 0; i < RECORDING_FACTS; i++)
        if (!r->facts[i])
            return false;
    return r->console;
}

/* The number of the line that is wrong; 0: none. */
static unsigned parse(struct recording *r, FILE *f)
{
    bool facts = true;
    unsigned n = 0;
    char *line = NULL;
    size_t size = 0;
    for (ssize_t bytes; (bytes = getline(&line, &size, f)) >= 0;) {
        n++;
        if (bytes > 0 && line[bytes - 1] == '\n')
            line[--bytes] = '\0';
        bool ok = n == 1   ? !strcmp(line, "tarry-input 1")
                  : !facts ? take_entry(r, line)
                           : !strcmp(line, "input") || take_fact(r, line);
        if (!ok) {
            free(line);
            return n;
        }
        facts = facts && (n == 1 || strcmp(line, "input") != 0);
    }
    free(line);
    return facts || !complete(r) ? n + 1 : 0;
}

struct recording *recording_load(const char *path, char *err, size_t errlen)
{
    struct recording *r = calloc(1, sizeof *r);
    FILE *f = fopen(path, "r");
    unsigned bad;
    if (!f) {
        snprintf(err, errlen, "--replay %s: %s; give the file that --record wrote", path, strerror(errno));
    } else if (!r || !(r->path = strdup(path)) || !(r->log = input_new(false))) {
        snprintf(err, errlen, "--replay %s: the host is out of memory", path);
    } else if ((bad = parse(r, f)) != 0) {
        snprintf(err, errlen, "--replay %s: line %u is not of a recording; give the file that --record wrote", path,
                 bad);
    } else {
        fclose(f);
        r->log->strict = true;
        return r;
    }
    if (f)
        fclose(f);
    if (r)
        input_free(r->log);
    recording_free(r);
    return NULL;
}

void recording_free(struct recording *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < RECORDING_FACTS; i++)
        free(r->facts[i]);
    free(r->path);
    free(r);
}
