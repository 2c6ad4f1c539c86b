/* SPDX-License-Identifier: GPL-2.0-only */
/* How the answer of a study is shown. */
#ifndef TARRY_STUDY_PRINT_H
#define TARRY_STUDY_PRINT_H

#include <stdio.h>
#include "study.h"

/* faults: the same study from faults only, with the same sizes; NULL: not asked for. */
void study_print_table(FILE *, const struct study *, const struct study *faults);
void study_print_csv(FILE *, const struct study *, const struct study *faults);
void study_print_json(FILE *, const struct study *, const struct study *faults);
/* A picture: misses by size, both logarithmic; alone, or in a page with the table. */
void study_print_svg(FILE *, const struct study *, const struct study *faults);
void study_print_html(FILE *, const struct study *, const struct study *faults);
/* What a trace of faults only would have made of it, and why: whole sentences, lines of up to 100 characters. */
void study_print_bias(FILE *, const struct study *, const struct study *faults);

#endif
