/* SPDX-License-Identifier: GPL-2.0-only */
/* The disk of a run: the image with the inputs and the program put into it. */
#ifndef TARRY_RUN_IMAGE_H
#define TARRY_RUN_IMAGE_H

#include "hash.h"
#include "run_options.h"

struct image;

struct run_image {
    struct image *image;      /* disk 0 */
    char path[PATH_MAX];      /* of the image on the host */
    char hash[HASH_HEX];      /* before anything was put into it */
    char program[1024];       /* path of the program in the guest */
    char *inputs;             /* "host:guest hash" lines, for the run's facts */
};

/* Opens the image and puts everything in place. False after a message. */
bool run_image_open(const struct run_options *, struct run_image *);
void run_image_close(struct run_image *);

#endif
