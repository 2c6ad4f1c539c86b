/* SPDX-License-Identifier: GPL-2.0-only */
/* The files that make a report, embedded. report.mk knows what they depend on and puts uPlot where they are found. */
#include <string.h>
#include "report.h"

#define EMBED(symbol, file)                                                                                                 \
    __asm__(".section .rodata\n"                                                                                       \
            "asset_" #symbol "_begin: .incbin \"" file "\"\n"                                                              \
            "asset_" #symbol "_end: .byte 0\n"                                                                             \
            ".previous\n");                                                                                            \
    extern const char asset_##symbol##_begin[], asset_##symbol##_end[];

EMBED(page, "traces/report/report.html")
EMBED(style, "traces/report/report.css")
EMBED(script, "report/report.js")
EMBED(uplot_style, "report/uplot.css")
EMBED(uplot_script, "report/uplot.js")
EMBED(uplot_licence, "report/uplot.licence")

static const struct report_asset assets[] = {
    {"page", asset_page_begin, asset_page_end},
    {"style", asset_style_begin, asset_style_end},
    {"script", asset_script_begin, asset_script_end},
    {"uplot-style", asset_uplot_style_begin, asset_uplot_style_end},
    {"uplot-script", asset_uplot_script_begin, asset_uplot_script_end},
    {"uplot-licence", asset_uplot_licence_begin, asset_uplot_licence_end},
};

const struct report_asset *report_asset(const char *name)
{
    for (size_t i = 0; i < sizeof(assets) / sizeof(assets[0]); i++)
        if (strcmp(assets[i].name, name) == 0)
            return &assets[i];
    return NULL;
}
