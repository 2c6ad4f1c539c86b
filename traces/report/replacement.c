/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replacement in the report: misses by the size of memory from the accesses or samples of a run, beside what its faults alone
 * would say (tarry study, docs/access.md).
 */
#include "../study.h"
#include "../study_print.h"
#include "replacement.h"

#define MOST_ACCESSES 200000000 /* more are left to tarry study: reading them takes a while */

static uint64_t count_accesses(sqlite3 *db)
{
    sqlite3_stmt *s = NULL;
    uint64_t n = 0;

    if (sqlite3_prepare_v2(db, "SELECT sum(fetches + loads + stores + amos) FROM access_block", -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        n = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

void report_write_replacement(sqlite3 *db, FILE *to)
{
    struct study s = {.choice = {.shift = 12, .last = UINT64_MAX}, .seed = 1}, faults;
    char err[512];
    uint64_t accesses = count_accesses(db);

    s.policies[STUDY_POLICY_LRU] = s.policies[STUDY_POLICY_CLOCK] = s.policies[STUDY_POLICY_OPT] = true;
    s.choice.from = accesses > 0 && accesses <= MOST_ACCESSES ? STUDY_ACCESSES : STUDY_SAMPLES;
    study_default_sizes(&s);
    if (!study_has(db, s.choice.from) || study_run(db, &s, err, sizeof(err)) != 0 || s.references == 0) {
        fputs("null", to);
        return;
    }
    faults = s;
    faults.choice.from = STUDY_FAULTS;
    faults.trim = false;
    if (study_has(db, STUDY_FAULTS) && study_run(db, &faults, err, sizeof(err)) == 0)
        study_print_json(to, &s, &faults);
    else
        study_print_json(to, &s, NULL);
}
