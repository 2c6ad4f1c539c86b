/* SPDX-License-Identifier: GPL-2.0-only */
/* The answer of a study as a picture: misses by the number of frames, both axes logarithmic. */
#include <inttypes.h>
#include <math.h>
#include "study_print.h"

enum { WIDTH = 760, HEIGHT = 440, LEFT = 80, RIGHT = 130, TOP = 30, BOTTOM = 50 };

struct axes {
    double x0, x1, y0, y1; /* logarithms to the base of 2 and of 10 */
};

static double x_of(const struct axes *a, double frames)
{
    return LEFT + (log2(frames) - a->x0) / (a->x1 - a->x0) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axes *a, double misses)
{
    return HEIGHT - BOTTOM - (log10(misses < 1 ? 1 : misses) - a->y0) / (a->y1 - a->y0) * (HEIGHT - TOP - BOTTOM);
}

static void widen(struct axes *a, uint64_t misses)
{
    double y = log10(misses < 1 ? 1 : (double)misses);
    a->y0 = fmin(a->y0, floor(y));
    a->y1 = fmax(a->y1, ceil(y));
}

static struct axes axes_of(const struct study *s, const struct study *faults)
{
    struct axes a = {.x0 = log2((double)s->frames[0]), .x1 = log2((double)s->frames[s->nsizes - 1]), .y0 = 99, .y1 = 0};
    for (unsigned k = 0; k < s->nsizes; k++) {
        for (unsigned p = 0; p < STUDY_POLICIES; p++)
            if (s->policies[p])
                widen(&a, s->misses[p][k]);
        if (faults != NULL)
            widen(&a, faults->misses[STUDY_POLICY_LRU][k]);
    }
    if (a.x1 <= a.x0)
        a.x1 = a.x0 + 1;
    if (a.y1 <= a.y0)
        a.y1 = a.y0 + 1;
    return a;
}

static void grid(FILE *f, const struct axes *a, const struct study *s)
{
    double step = ceil((a->x1 - a->x0) / 12);
    for (double x = ceil(a->x0); x <= a->x1; x += step) {
        double at = x_of(a, exp2(x));
        fprintf(f, "<line x1='%.1f' x2='%.1f' y1='%d' y2='%d' class='g'/><text x='%.1f' y='%d' text-anchor='middle'>%.0f</text>\n", at, at,
                TOP, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 18, exp2(x));
    }
    for (double y = a->y0; y <= a->y1; y++) {
        double at = y_of(a, pow(10, y));
        fprintf(f, "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' class='g'/><text x='%d' y='%.1f' text-anchor='end'>%.0f</text>\n", LEFT,
                WIDTH - RIGHT, at, at, LEFT - 8, at + 4, pow(10, y));
    }
    fprintf(f, "<text x='%d' y='%d' text-anchor='middle'>frames of %.0f KiB</text>\n", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12,
            ldexp(1, (int)s->choice.shift - 10));
    fprintf(f, "<text x='%d' y='18'>misses, of %" PRIu64 " references (%s)</text>\n", LEFT, s->references, study_from_names[s->choice.from]);
}

static void curve(FILE *f, const struct axes *a, const struct study *s, const uint64_t *misses, unsigned line, const char *colour,
                  const char *name, const char *dash)
{
    fprintf(f, "<polyline fill='none' stroke='%s' stroke-width='2' stroke-dasharray='%s' points='", colour, dash);
    for (unsigned k = 0; k < s->nsizes; k++)
        fprintf(f, "%.1f,%.1f ", x_of(a, (double)s->frames[k]), y_of(a, (double)misses[k]));
    fprintf(f, "'/>\n<line x1='%d' x2='%d' y1='%u' y2='%u' stroke='%s' stroke-width='2' stroke-dasharray='%s'/><text x='%d' y='%u'>%s</text>\n",
            WIDTH - RIGHT + 12, WIDTH - RIGHT + 36, TOP + 10 + 20 * line, TOP + 10 + 20 * line, colour, dash, WIDTH - RIGHT + 42,
            TOP + 14 + 20 * line, name);
}

void study_print_svg(FILE *f, const struct study *s, const struct study *faults)
{
    static const char *const colours[STUDY_POLICIES] = {"#1b6ca8", "#c25b12", "#2e8540", "#6b3fa0", "#777777"};
    struct axes a = axes_of(s, faults);
    unsigned line = 0;

    fprintf(f, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d' font-family='sans-serif' font-size='12'>\n"
               "<style>.g{stroke:#ddd}</style><rect width='%d' height='%d' fill='white'/>\n", WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    grid(f, &a, s);
    for (unsigned p = 0; p < STUDY_POLICIES; p++)
        if (s->policies[p])
            curve(f, &a, s, s->misses[p], line++, colours[p], study_policy_names[p], "none");
    if (faults != NULL)
        curve(f, &a, s, faults->misses[STUDY_POLICY_LRU], line, colours[STUDY_POLICY_LRU], "lru, faults only", "5 4");
    fputs("</svg>\n", f);
}

void study_print_html(FILE *f, const struct study *s, const struct study *faults)
{
    fputs("<!doctype html>\n<html lang='en'><meta charset='utf-8'><title>Tarry: replacement study</title>\n"
          "<style>body{font-family:sans-serif;margin:2em;max-width:60em}pre{overflow-x:auto}</style>\n<h1>Replacement study</h1>\n", f);
    study_print_svg(f, s, faults);
    fputs("<pre>\n", f);
    study_print_table(f, s, faults);
    if (faults != NULL) {
        fputc('\n', f);
        study_print_bias(f, s, faults);
    }
    fputs("</pre></html>\n", f);
}
