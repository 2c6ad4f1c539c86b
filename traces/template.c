/* SPDX-License-Identifier: GPL-2.0-only */
#include "template.h"

/* TEMPLATES: the directory that the build made them in (traces.mk). */
#define EMBED(name)                                                                                       \
    __asm__(".pushsection .rodata\n .global template_" #name ", template_" #name "_end\n .balign 4096\n" \
            "template_" #name ": .incbin \"" TEMPLATES "/" #name ".template\"\n"                         \
            "template_" #name "_end: .byte 0\n .popsection")

EMBED(trace);
EMBED(slice);
