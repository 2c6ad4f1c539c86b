/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random model programs (tests/model) on the kernel's segment code: under every sound policy, with enough memory and with
 * little, with a disk that fails. A program that goes wrong is made short and printed.
 *
 *   seg_model           TARRY_SEED repeats a run; TARRY_OPS says how many operations
 *   seg_model FILE      runs a program that was printed (MODEL_IO: the policy, MODEL_FRAMES: the frames,
 *                       MODEL_KNOBS: words as in `settings`)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "guestos/kernel/around.h"
#include "guestos/kernel/nospace.h"
#include "guestos/kernel/reserve.h"
#include "model/gen.h"
#include "model/shrink.h"
#include "model/text.h"
#include "model/world.h"
#include "khost/random.h"

enum { OPERATIONS = 300000, LOOK = 24, SMALL_DISK = 2048 };

typedef struct Setting {
    const char *profile;
    enum ev_enum_io_policy policy;
    uint64_t frames;
    unsigned share; /* of 100 operations */
    const char *knobs; /* words: lend (R11), around, seq, file, range, mount, super (--superpages on);
                          writer: --nospace fail-writer */
} Setting;

static const Setting settings[] = {
    {"small", EV_io_policy_deferred, 0, 10, ""},       {"usual", EV_io_policy_deferred, 0, 10, "around"},
    {"fails", EV_io_policy_deferred, 0, 10, ""},       {"fails", EV_io_policy_deferred, 100, 10, "seq mount"},
    {"small", EV_io_policy_deferred, 20, 10, "file"},      {"fails", EV_io_policy_deferred, 12, 5, ""},
    {"usual", EV_io_policy_deferred, 0, 5, "super"},         {"usual", EV_io_policy_deferred, 0, 3, "super lend around"},
    {"fails", EV_io_policy_deferred, 150, 5, "super seq mount"}, {"tight", EV_io_policy_deferred, 80, 3, "super"},
    {"small", EV_io_policy_deferred, 0, 5, "lend"},         {"fails", EV_io_policy_deferred, 60, 5, "lend around file"},
    {"fails", EV_io_policy_deferred, 12, 5, "lend range"},        {"usual", EV_io_policy_eager, 0, 5, ""},
    {"fails", EV_io_policy_eager, 40, 5, ""},          {"small", EV_io_policy_fragments_eager, 0, 5, "lend"},
    {"fails", EV_io_policy_fragments_eager, 30, 5, ""}, {"small", EV_io_policy_cached, 0, 5, ""},
    {"fails", EV_io_policy_cached, 30, 5, ""},         {"full", EV_io_policy_deferred, 0, 5, "range"},
    {"full", EV_io_policy_deferred, 60, 5, "range"},     {"full", EV_io_policy_deferred, 0, 5, "writer range"},
    {"full", EV_io_policy_eager, 60, 2, ""},           {"full", EV_io_policy_fragments_eager, 0, 2, "lend"},
};

/* What has no snapshots must be caught: a checker that passes it is broken. */
static const Setting unsound[] = {
    {"small", EV_io_policy_naive, 0, 0, ""},
    {"small", EV_io_policy_mmap_private, 0, 0, ""},
    {"small", EV_io_policy_mmap_shared, 0, 0, ""},
};

static uint64_t *promotions; /* superpages that there could have been, in all processes of the test */

static void turn(const char *knobs)
{
    lending = strstr(knobs, "lend") != NULL;
    fillaround = strstr(knobs, "around") != NULL ? 4 : strstr(knobs, "seq") != NULL ? AROUND_SEQUENTIAL : AROUND_OFF;
    superpages = strstr(knobs, "super") != NULL;
    if (superpages)
        superpages_on();
    if (strstr(knobs, "file") != NULL)
        tfs_set_scope(rootfs, TFS_SCOPE_FILE);
    if (strstr(knobs, "range") != NULL)
        tfs_set_scope(rootfs, TFS_SCOPE_RANGE);
    if (strstr(knobs, "mount") != NULL)
        tfs_set_scope(rootfs, TFS_SCOPE_MOUNT);
}

/* Prints what is wrong if `say`. */
static bool agrees(const Setting *s, const struct mop *ops, unsigned long n, bool say)
{
    World w;
    unsigned long at;
    bool fills = strcmp(s->profile, "full") == 0 || strstr(s->knobs, "full") != NULL;
    world_begin(&w, s->policy, fills ? SMALL_DISK : WORLD_BLOCKS, s->frames, LOOK);
    memory.reserve = fills && s->frames > 0 ? s->frames / 20 : 0;
    nospace_policy = strstr(s->knobs, "writer") != NULL ? NOSPACE_FAIL_WRITER : NOSPACE_MATERIALISE;
    disk.uncached = 3;
    turn(s->knobs);
    bool good = run_in_world(&w, ops, n, &at);
    if (!good && say) {
        printf("# %s: operation %lu: ", s->profile, at);
        print_op(stdout, &ops[at], &w.model->layout);
        printf("# %s\n", w.why);
        fflush(stdout);
    }
    if (!good)
        return false;
    world_end(&w);
    *promotions += memory.promotions;
    return pool_used() == 0 && reservedframes() == 0; /* nothing stays reserved */
}

/* In a process of its own: it may end by a panic. */
static bool fails_alone(void *arg, const struct mop *ops, unsigned long n)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _Exit(2);
        alarm(20);
        _Exit(agrees(arg, ops, n, false) ? 0 : 1);
    }
    return waitpid(pid, &status, 0) == pid && status != 0;
}

static void explain(const Setting *s, struct mop *ops, unsigned long n)
{
    Setting setting = *s;
    n = shrink(ops, n, fails_alone, &setting);
    printf("# made short; to repeat it: MODEL_IO=%u MODEL_FRAMES=%lu MODEL_KNOBS='%s'\n", s->policy,
           (unsigned long)s->frames, s->knobs);
    print_program(stdout, ops, n);
    fflush(stdout);
}

static unsigned long run_setting(const Setting *s, unsigned long most)
{
    Gen g = {.profile = profile_named(s->profile), .model = model_new()};
    unsigned long done = 0;
    *promotions = 0;
    while (done < most) {
        struct mop *ops;
        unsigned long n = gen_program(&g, &ops);
        if (fails_alone((void *)(uintptr_t)s, ops, n)) {
            printf("# TARRY_SEED=%lu\n", (unsigned long)the_seed());
            explain(s, ops, n);
            agrees(s, ops, n, true);
            fail_msg("%s does not agree with the model", s->profile);
        }
        free(ops);
        done += n;
    }
    model_free(g.model);
    if (strstr(s->knobs, "super") != NULL)
        printf("# %s %s: %lu superpages\n", s->profile, s->knobs, (unsigned long)*promotions);
    if (strstr(s->knobs, "super") != NULL && *promotions == 0)
        fail_msg("%s has no superpages", s->profile);
    return done;
}

static void deferred_cannot_be_told_from_conventional(void **state)
{
    const char *given = getenv("TARRY_OPS");
    unsigned long n = given != NULL ? strtoul(given, NULL, 0) : OPERATIONS, done = 0;
    (void)state;
    for (unsigned i = 0; i < sizeof settings / sizeof *settings; i++)
        done += run_setting(&settings[i], n * settings[i].share / 100);
    printf("# %lu operations\n", done);
}

static void what_has_no_snapshots_is_caught(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof unsound / sizeof *unsound; i++) {
        Gen g = {.profile = profile_named(unsound[i].profile), .model = model_new()};
        unsigned programs = 0, caught = 0;
        for (; programs < 5 && caught == 0; programs++) {
            struct mop *ops;
            unsigned long n = gen_program(&g, &ops);
            Setting s = unsound[i];
            caught = fails_alone(&s, ops, n);
            free(ops);
        }
        model_free(g.model);
        if (!caught)
            fail_msg("policy %u agrees with the model", unsound[i].policy);
    }
}

static int run_file(const char *name)
{
    const char *io = getenv("MODEL_IO"), *frames = getenv("MODEL_FRAMES"), *knobs = getenv("MODEL_KNOBS");
    Setting s = {name, io != NULL ? (enum ev_enum_io_policy)atoi(io) : EV_io_policy_deferred,
                 frames != NULL ? strtoull(frames, NULL, 0) : 0, 0, knobs != NULL ? knobs : ""};
    FILE *f = fopen(name, "r");
    unsigned long n;
    if (f == NULL) {
        perror(name);
        return 2;
    }
    struct mop *ops = parse_program(f, name, &n);
    fclose(f);
    return agrees(&s, ops, n, true) ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_cannot_be_told_from_conventional),
        cmocka_unit_test(what_has_no_snapshots_is_caught),
    };
    promotions = mmap(NULL, sizeof *promotions, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (argc == 2)
        return run_file(argv[1]);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    seed_random();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
