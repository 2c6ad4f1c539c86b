/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk that gets full: a file takes all of it but for some blocks. What then fails for lack of room is met by
 * making this file shorter, and done again.
 */
#include <string.h>
#include "modelrun.h"

enum { PIECE = 64 * 1024, GIVE = 64 * MODEL_PAGE }; /* bytes: of a write, and that are given back at a time */

static const char hog[] = "/modelrun.hog";

static int64_t length_of_hog(void)
{
    struct tarry_stat st;
    return sys_stat(hog, &st) == 0 ? (int64_t)st.length : 0;
}

static int64_t cut_hog(int64_t length)
{
    struct tarry_wstat w = {.length = (uint64_t)length, .mode = UINT32_MAX};
    int64_t r = sys_wstat(hog, &w);
    return r < 0 ? r : sys_sync(); /* which frees what was cut off */
}

int64_t fill_disk(uint32_t blocks)
{
    static char piece[PIECE];
    int64_t n = length_of_hog(), room = (int64_t)blocks * MODEL_PAGE;
    long fd = sys_create(hog, OWRITE, 0600), got = fd;
    if (fd == -T_ENOSPC)
        return 0; /* as full as can be */
    while (got >= 0 && (got = sys_pwrite((int)fd, piece, PIECE, n)) > 0)
        n += got;
    sys_close((int)fd);
    n -= n % MODEL_PAGE;
    return got == -T_ENOSPC ? cut_hog(n > room ? n - room : 0) : got;
}

bool make_room(void)
{
    int64_t n = length_of_hog();
    return n > 0 && cut_hog(n > GIVE ? n - GIVE : 0) == 0;
}

void end_full(void)
{
    sys_remove(hog);
}
