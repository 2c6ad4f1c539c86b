/* SPDX-License-Identifier: GPL-2.0-only */
/* From the kernel's result to the C library's: -1 and errno. */
#ifndef RESULT_H
#define RESULT_H

#include <errno.h>

static inline long result(long r)
{
    if (r < 0 && r >= -4095) {
        errno = (int)-r;
        return -1;
    }
    return r;
}

#endif
