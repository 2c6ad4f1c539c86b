/* SPDX-License-Identifier: GPL-2.0-only */
/* Translation by Sv48. */
#define SATP SATP_48
#include "paging_body.h"
