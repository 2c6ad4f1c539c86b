/* SPDX-License-Identifier: GPL-2.0-only */
/* Translation by Sv39. */
#define SATP SATP_39
#include "paging_body.h"
