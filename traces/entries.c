/* SPDX-License-Identifier: GPL-2.0-only */
#include "entries.h"
#include <stdlib.h>
#include "schema.h"

void entries_of(unsigned index, const struct record *const *records, uint32_t n, struct index_entry *out)
{
    unsigned word = schema_index_word(index), second = schema_index_second(index);

    for (uint32_t i = 0; i < n; i++) {
        const uint64_t *words = records[i]->words;
        out[i] = (struct index_entry){(int64_t)words[word], second ? (int64_t)words[second] : 0, words[W_ID]};
    }
}

static int by_value(const void *a, const void *b)
{
    const struct index_entry *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Most often they are in order already. */
void entries_sort(struct index_entry *e, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        if (by_value(&e[i - 1], &e[i]) > 0) {
            qsort(e, n, sizeof(*e), by_value);
            return;
        }
}
