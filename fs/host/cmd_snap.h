/* SPDX-License-Identifier: GPL-2.0-only */
/* What `tarry fs snap` prints. */
#ifndef TARRY_CMD_SNAP_H
#define TARRY_CMD_SNAP_H

#include "../tfs.h"

/* Both return 0 or a negative TFS_E code. */
int snap_list(struct tfs *);
/* "+ /path", "- /path", "M /path" for what came, went and was changed from one file system to the other. */
int snap_diff(struct tfs *before, struct tfs *after, uint64_t *found);

#endif
