/* SPDX-License-Identifier: GPL-2.0-only */
/* The answer of a study as a table, CSV, JSON; and what faults alone would have said. */
#include "study_print.h"
#include <inttypes.h>
#include <string.h>

static double ratio(const struct study *s, unsigned policy, unsigned k)
{
    return s->references ? (double)s->misses[policy][k] / (double)s->references : 0;
}

static uint64_t page_bytes(const struct study *s)
{
    return 1ull << s->choice.shift;
}

static void size_words(char *text, size_t n, uint64_t bytes)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    unsigned u = 0;
    while (bytes >= 1024 && bytes % 1024 == 0 && u < 4) {
        bytes /= 1024;
        u++;
    }
    snprintf(text, n, "%" PRIu64 "%s", bytes, units[u]);
}

static void heading(FILE *f, const struct study *s)
{
    static const char *const pages[] = {"user pages", "kernel pages", "pages"};
    char size[32];
    size_words(size, sizeof(size), page_bytes(s));
    fprintf(f, "%" PRIu64 " references (%s) to %" PRIu64 " %s of %s%s%s\n", s->references, study_from_names[s->choice.from],
            s->pages, pages[s->choice.pages], size, s->choice.process != NULL ? ", process " : "",
            s->choice.process != NULL ? s->choice.process : "");
}

void study_print_table(FILE *f, const struct study *s, const struct study *faults)
{
    char size[32];

    heading(f, s);
    fprintf(f, "misses with so many frames, and in percent of the references:\n\n%9s %8s", "frames", "memory");
    for (unsigned p = 0; p < STUDY_POLICIES; p++)
        if (s->policies[p])
            fprintf(f, " %12s %9s", study_policy_names[p], "%");
    fprintf(f, faults != NULL ? " %14s\n" : "\n", "faults only");
    for (unsigned k = 0; k < s->nsizes; k++) {
        size_words(size, sizeof(size), s->frames[k] * page_bytes(s));
        fprintf(f, "%9" PRIu64 " %8s", s->frames[k], size);
        for (unsigned p = 0; p < STUDY_POLICIES; p++)
            if (s->policies[p])
                fprintf(f, " %12" PRIu64 " %9.5f", s->misses[p][k], 100 * ratio(s, p, k));
        if (faults != NULL)
            fprintf(f, " %14" PRIu64, faults->misses[STUDY_POLICY_LRU][k]);
        fputc('\n', f);
    }
}

void study_print_csv(FILE *f, const struct study *s, const struct study *faults)
{
    fputs("frames,bytes,references,pages", f);
    for (unsigned p = 0; p < STUDY_POLICIES; p++)
        if (s->policies[p])
            fprintf(f, ",%s_misses,%s_ratio", study_policy_names[p], study_policy_names[p]);
    fputs(faults != NULL ? ",faults_only_lru_misses,faults_only_references\n" : "\n", f);
    for (unsigned k = 0; k < s->nsizes; k++) {
        fprintf(f, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, s->frames[k], s->frames[k] * page_bytes(s), s->references, s->pages);
        for (unsigned p = 0; p < STUDY_POLICIES; p++)
            if (s->policies[p])
                fprintf(f, ",%" PRIu64 ",%.9g", s->misses[p][k], ratio(s, p, k));
        if (faults != NULL)
            fprintf(f, ",%" PRIu64 ",%" PRIu64, faults->misses[STUDY_POLICY_LRU][k], faults->references);
        fputc('\n', f);
    }
}

void study_print_json(FILE *f, const struct study *s, const struct study *faults)
{
    fprintf(f, "{\"from\": \"%s\", \"page_bytes\": %" PRIu64 ", \"references\": %" PRIu64 ", \"pages\": %" PRIu64 ",\n \"sizes\": [",
            study_from_names[s->choice.from], page_bytes(s), s->references, s->pages);
    for (unsigned k = 0; k < s->nsizes; k++) {
        const char *comma = "";
        fprintf(f, "%s\n  {\"frames\": %" PRIu64 ", \"misses\": {", k ? "," : "", s->frames[k]);
        for (unsigned p = 0; p < STUDY_POLICIES; p++)
            if (s->policies[p]) {
                fprintf(f, "%s\"%s\": %" PRIu64, comma, study_policy_names[p], s->misses[p][k]);
                comma = ", ";
            }
        fputs("}", f);
        if (faults != NULL)
            fprintf(f, ", \"faults_only\": %" PRIu64, faults->misses[STUDY_POLICY_LRU][k]);
        fputs("}", f);
    }
    fputs("]", f);
    if (faults != NULL)
        fprintf(f, ",\n \"faults_only_references\": %" PRIu64 ", \"agree_from\": %" PRIu64, faults->references,
                study_agree_from(s, faults));
    fputs("}\n", f);
}

/* ---- the bias ---- */

/* The size at which faults alone miss most of the misses. */
static unsigned worst(const struct study *s, const struct study *faults, double *factor)
{
    unsigned at = 0;
    *factor = 1;
    for (unsigned k = 0; k < s->nsizes; k++) {
        double a = (double)s->misses[STUDY_POLICY_LRU][k], b = (double)faults->misses[STUDY_POLICY_LRU][k];
        if (b > 0 && a / b > *factor) {
            *factor = a / b;
            at = k;
        }
    }
    return at;
}

void study_print_bias(FILE *f, const struct study *s, const struct study *faults)
{
    uint64_t from = study_agree_from(s, faults);
    double factor;
    unsigned k = worst(s, faults, &factor);

    fprintf(f, "Where faults alone mislead: of %" PRIu64 " references of this run (%s) a trace of faults has %" PRIu64 ".\n",
            s->references, study_from_names[s->choice.from], faults->references);
    if (factor >= 1.1)
        fprintf(f, "An LRU memory of %" PRIu64 " frames would have missed %" PRIu64 " times; from the faults one would work out %" PRIu64
                   ", too few by a factor of %.3g.\n",
                s->frames[k], s->misses[STUDY_POLICY_LRU][k], faults->misses[STUDY_POLICY_LRU][k], factor);
    if (from != 0)
        fprintf(f, "From %" PRIu64 " frames on the two agree to a tenth; below that the curve from faults is not one of this run.\n", from);
    else
        fprintf(f, "At no size up to %" PRIu64 " frames do the two agree to a tenth.\n", s->nsizes ? s->frames[s->nsizes - 1] : 0);
    fputs("Why: a fault is a page's first use, or its first after the run's own memory had let it go. Every use of a page\n"
          "while it was mapped is missing, so that pages look unused, distances between uses look shorter than they were,\n"
          "and the order of last use is the order of loading: LRU from faults is FIFO in disguise. Sizes below the run's own\n"
          "memory cannot be asked for at all, since what hit there left no row.\n", f);
}
