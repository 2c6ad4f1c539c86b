/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Images: private changes leave the file alone, ranges are checked, bad files are refused with a
 * message that names them; trees go in and come back the same; a full image is said to be full.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fs_device.h"
#include "fs/host/hostfs.h"

static char dir[64], err[1024];

static const char *in_dir(const char *name)
{
    static char path[2][200];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/tarry-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static void write_file(const char *name, const void *data, size_t n)
{
    int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), n);
    close(fd);
}

static void test_private(void **state)
{
    enum { BYTES = 40 * 4096 + 512 };
    static uint8_t base[BYTES], model[BYTES], buf[BYTES];
    uint64_t x = test_seed("private image", 61);

    (void)state;
    for (size_t i = 0; i < sizeof base; i++)
        base[i] = (uint8_t)rnd(&x);
    memcpy(model, base, sizeof base);
    write_file("base", base, sizeof base);
    struct image *im = image_open(in_dir("base"), IMAGE_PRIVATE, err, sizeof err);
    assert_non_null(im);
    assert_int_equal(image_size(im), BYTES);
    for (int i = 0; i < 400; i++) {
        uint64_t off = below(&x, BYTES);
        size_t n = (size_t)below(&x, i % 3 ? 3000 : 30000);
        if (n > BYTES - off)
            n = BYTES - off;
        memset(buf, i, n);
        assert_int_equal(image_write(im, off, buf, n), 0);
        memset(model + off, i, n);
        off = below(&x, BYTES);
        assert_int_equal(image_read(im, off, buf, BYTES - off), 0);
        assert_memory_equal(buf, model + off, BYTES - off);
    }
    assert_int_equal(image_flush(im), 0);
    image_close(im);
    im = image_open(in_dir("base"), IMAGE_READ, err, sizeof err);
    assert_int_equal(image_read(im, 0, buf, BYTES), 0);
    assert_memory_equal(buf, base, BYTES); /* as it was */
    assert_int_equal(image_write(im, 0, buf, 1), -EROFS);
    image_close(im);
}

static void test_ranges(void **state)
{
    uint8_t b[16] = {0};

    (void)state;
    struct image *im = image_create(in_dir("i"), 8192, 0, err, sizeof err);
    assert_non_null(im);
    assert_int_equal(image_write(im, 8180, b, 12), 0);
    assert_int_equal(image_write(im, 8180, b, 13), -EINVAL);
    assert_int_equal(image_read(im, 8193, b, 0), -EINVAL);
    assert_int_equal(image_read(im, UINT64_MAX - 4, b, 8), -EINVAL);
    assert_null(image_create(in_dir("i"), 4096, 0, err, sizeof err));
    assert_non_null(strstr(err, "--force"));
    assert_null(image_open(in_dir("i"), IMAGE_READ, err, sizeof err)); /* it is being written */
    assert_non_null(strstr(err, "in use"));
    image_close(im);
}

static void refused(const char *name, enum image_mode mode, const char *why)
{
    struct image *im = image_open(in_dir(name), mode, err, sizeof err);
    struct hostfs *h = im != NULL ? hostfs_mount(im, err, sizeof err) : NULL;

    assert_null(h);
    if (im != NULL)
        image_close(im);
    assert_non_null(strstr(err, name)); /* names the file */
    if (strstr(err, why) == NULL)
        fail_msg("message '%s' does not say '%s'", err, why);
}

static void test_refused(void **state)
{
    static uint8_t junk[100000];
    uint64_t x = 7;

    (void)state;
    refused("missing", IMAGE_READ, "tarry fs create");
    write_file("empty", junk, 0);
    refused("empty", IMAGE_READ, "empty");
    mkdir(in_dir("directory"), 0755);
    refused("directory", IMAGE_READ, "not a file");
    write_file("zeros", junk, sizeof junk);
    refused("zeros", IMAGE_READ, "no sound Tarry file system");
    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (uint8_t)rnd(&x);
    write_file("junk", junk, sizeof junk);
    refused("junk", IMAGE_PRIVATE, "no sound Tarry file system");
    write_file("short", junk, 100);
    refused("short", IMAGE_READ, "too short");
    struct image *im = image_create(in_dir("cut"), 1 << 20, 0, err, sizeof err);
    assert_int_equal(hostfs_format(im, err, sizeof err), 0);
    image_close(im);
    assert_int_equal(truncate(in_dir("cut"), 900000), 0);
    refused("cut", IMAGE_WRITE, "truncated");
    setenv("TMPDIR", "/nonexistent", 1);
    assert_null(image_open(in_dir("zeros"), IMAGE_PRIVATE, err, sizeof err));
    assert_non_null(strstr(err, "TMPDIR"));
    unsetenv("TMPDIR");
}

static struct hostfs *fresh(struct image **im, const char *name, uint64_t bytes)
{
    *im = image_create(in_dir(name), bytes, 0, err, sizeof err);
    assert_non_null(*im);
    assert_int_equal(hostfs_format(*im, err, sizeof err), 0);
    struct hostfs *h = hostfs_mount(*im, err, sizeof err);
    assert_non_null(h);
    return h;
}

static void done(struct hostfs *h, struct image *im)
{
    assert_int_equal(tfs_check(hostfs_tfs(h), print_finding, NULL), 0);
    assert_int_equal(hostfs_unmount(h, err, sizeof err), 0);
    image_close(im);
}

static void test_tree(void **state)
{
    char command[400];
    struct image *im;
    struct stat st;

    (void)state;
    snprintf(command, sizeof command,
             "cd %s && mkdir -p t/a/b t/empty && head -c 3000000 /dev/urandom > t/a/random && echo x > t/a/b/x && "
             "truncate -s 50M t/sparse && echo y | dd of=t/sparse bs=1 seek=30000000 conv=notrunc 2>/dev/null && "
             ": > t/nothing && chmod 750 t/a/b/x && ln -s a/b/x t/link",
             dir);
    assert_int_equal(system(command), 0);
    struct hostfs *h = fresh(&im, "image", 64 << 20);
    char from[200];
    strcpy(from, in_dir("t"));
    if (hostfs_put(h, from, "/deep/er/t", err, sizeof err) < 0)
        fail_msg("%s", err);
    assert_int_equal(hostfs_put(h, from, "/deep/er/t", err, sizeof err), 0); /* again, over it */
    struct tfs_file *f;
    struct tfs_stat ts;
    assert_int_equal(hostfs_walk(h, "/deep/er/t/sparse", &f), 0);
    tfs_stat(f, &ts);
    assert_int_equal(ts.length, 50 << 20);
    assert_in_range(ts.blocks, 1, 64); /* holes stay holes */
    tfs_unref(f);
    assert_int_equal(hostfs_walk(h, "deep//er/./t/a/b/../b/x", &f), 0);
    tfs_stat(f, &ts);
    assert_int_equal(ts.mode, 0750);
    tfs_unref(f);
    assert_int_equal(hostfs_walk(h, "/deep/none", &f), -TFS_ENOENT);
    done(h, im);
    im = image_open(in_dir("image"), IMAGE_READ, err, sizeof err);
    h = hostfs_mount(im, err, sizeof err);
    assert_non_null(h);
    strcpy(from, in_dir("back"));
    if (hostfs_get(h, "/deep/er/t", from, err, sizeof err) < 0)
        fail_msg("%s", err);
    done(h, im);
    snprintf(command, sizeof command, "cd %s && diff -r t back", dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(stat(in_dir("back/sparse"), &st), 0);
    assert_in_range(st.st_blocks, 0, 1000);
    assert_int_equal(stat(in_dir("back/a/b/x"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
}

/* A put that does not fit leaves what was there. */
static void test_full(void **state)
{
    char command[300], path[200];
    struct image *im;
    struct stat st;

    (void)state;
    snprintf(command, sizeof command, "cd %s && echo old > f && head -c 5M /dev/urandom > g", dir);
    assert_int_equal(system(command), 0);
    struct hostfs *h = fresh(&im, "image", 4 << 20);
    strcpy(path, in_dir("f"));
    assert_int_equal(hostfs_put(h, path, "/x", err, sizeof err), 0);
    strcpy(path, in_dir("g"));
    assert_int_equal(hostfs_put(h, path, "/x", err, sizeof err), -1);
    assert_non_null(strstr(err, "full"));
    assert_non_null(strstr(err, "/g"));
    strcpy(path, in_dir("out"));
    assert_int_equal(hostfs_get(h, "/x", path, err, sizeof err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(hostfs_get(h, "/none", path, err, sizeof err), -1);
    assert_non_null(strstr(err, "/none"));
    assert_int_equal(hostfs_get(h, "/x", "/nonexistent/dir/file", err, sizeof err), -1);
    assert_int_equal(hostfs_put(h, "/nonexistent/file", "/y", err, sizeof err), -1);
    assert_int_equal(hostfs_put(h, "/dev/null", "/y", err, sizeof err), -1);
    strcpy(path, in_dir("f"));
    assert_int_equal(hostfs_put(h, path, "/x/below", err, sizeof err), -1); /* x is no directory */
    assert_int_equal(hostfs_put(h, path, "/", err, sizeof err), -1);
    done(h, im);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_private), TEST(test_ranges), TEST(test_refused), TEST(test_tree),
                                       TEST(test_full)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fs_image", tests, NULL, NULL);
}
