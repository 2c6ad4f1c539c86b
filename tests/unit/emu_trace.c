/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's events in the database, and that a recorder changes nothing for the guest. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "emu/machine.h"
#include "fs/host/image.h"
#include "traces/recorder.h"

static char directory[] = "/tmp/tarry-emu-trace-XXXXXX";
static char err[512];

static const char *in(const char *name)
{
    static char path[4][512];
    static int n;
    n = (n + 1) % 4;
    snprintf(path[n], sizeof path[n], "%s/%s", directory, name);
    return path[n];
}

/* Boots tests/guest/NAME.elf; the console goes to `out`. */
static struct machine_result boot(const char *name, struct recorder *recorder, const char *out, struct image *disk)
{
    char elf[512];
    const char *build = getenv("BUILD");
    snprintf(elf, sizeof elf, "%s/tests/guest/%s.elf", build ? build : "build", name);
    int fd = open(out, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    struct machine_config config = {.ram_bytes = 16 << 20, .console_in = -1, .console_out = fd, .recorder = recorder,
                                    .max_insns = 100000000, .disks = {disk}};
    assert_int_equal(disk_model_parse("nvme", &config.disk_model, err, sizeof err), 0);
    struct machine *m = machine_new(&config, err, sizeof err);
    if (!m || machine_load_kernel(m, elf, err, sizeof err) != 0)
        fail_msg("%s", err);
    struct machine_result r;
    machine_run(m, &r);
    machine_free(m);
    close(fd);
    return r;
}

static struct machine_result record(const char *name, const char *db, const char *out, struct image *disk)
{
    struct run_facts facts = {.command = "test"};
    struct recorder *recorder = recorder_open(db, &facts, err, sizeof err);
    assert_non_null(recorder);
    struct machine_result r = boot(name, recorder, out, disk);
    struct run_result end = {.instructions = r.instructions, .virtual_ns = r.virtual_ns, .exit_status = r.status, .stop_reason = "exit"};
    assert_int_equal(recorder_close(recorder, &end, err, sizeof err), 0);
    return r;
}

static int64_t ask(const char *db, const char *sql)
{
    sqlite3 *c;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open_v2(db, &c, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(c, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(c));
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(c);
    return value;
}

static void same_file(const char *a, const char *b)
{
    char command[1200];
    snprintf(command, sizeof command, "cmp %s %s >&2 && ! grep -q '^not ok' %s && grep -q '^1\\.\\.' %s", a, b, a, a);
    assert_int_equal(system(command), 0);
}

static void rows_of_the_port(void **state)
{
    (void)state;
    struct machine_result with = record("trace", in("t.db"), in("with"), NULL);
    struct machine_result without = boot("trace", NULL, in("without"), NULL);
    same_file(in("with"), in("without"));
    assert_int_equal(with.stop, STOP_EXIT);
    assert_int_equal(with.instructions, without.instructions);
    assert_int_equal(with.virtual_ns, without.virtual_ns);
    assert_int_equal(ask(in("t.db"), "select count(*) from process where id = 12 and pid = 1 and dur > 0"), 1);
    assert_int_equal(ask(in("t.db"), "select count(*) from trap"), 1);
    assert_int_equal(ask(in("t.db"), "select count(*) from trap where id = 13 and proc = 12 and code = 1 and "
                                     "tval = 0x50000 and pc = 0x50000 and \"from\" = 1 and \"to\" = 1"), 1);
    assert_int_equal(ask(in("t.db"), "select count(*) from output join string as s on s.id = output.text where output.id = 1 and "
                                     "newline = 1 and s.text = 'ok 1 - a kind that does not exist'"), 1);
}

static void rows_of_devices(void **state)
{
    (void)state;
    struct image *disk = image_create(in("disk"), 1 << 20, 1, err, sizeof err);
    assert_non_null(disk);
    struct machine_result r = record("devices", in("d.db"), in("devices"), disk);
    image_close(disk);
    assert_int_equal(r.stop, STOP_EXIT);
    assert_int_equal(ask(in("d.db"), "select count(*) from interrupt where code = 5"), 3);
    assert_int_equal(ask(in("d.db"), "select count(*) from disk_request where op = 1 and sector = 8 and "
                                     "sectors = 16 and service_ns = 20000 + 16 * 200 and status = 0"), 1);
    assert_int_equal(ask(in("d.db"), "select count(*) from disk_request where dur is null or "
                                     "dur < service_ns + queue_ns"), 0);
    assert_int_equal(ask(in("d.db"), "select count(*) from disk_request where status = 2"), 1);
    assert_int_equal(ask(in("d.db"), "select count(*) > 10 from disk_request"), 1);
}

static void two_runs_agree(void **state)
{
    (void)state;
    static const char *const guests[] = {"traps", "code", "trace"};
    for (int i = 0; i < 3; i++) {
        struct machine_result a = record(guests[i], in("a.db"), in("a"), NULL);
        struct machine_result b = boot(guests[i], NULL, in("b"), NULL);
        same_file(in("a"), in("b"));
        assert_int_equal(a.instructions, b.instructions);
        assert_int_equal(a.virtual_ns, b.virtual_ns);
        assert_int_equal(a.status, 0);
    }
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    char command[600];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_the_port),
        cmocka_unit_test(rows_of_devices),
        cmocka_unit_test(two_runs_agree),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
