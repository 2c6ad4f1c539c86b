# SPDX-License-Identifier: GPL-2.0-only
"""Pictures for the documents: heat maps and lines, in colours that are told apart by everybody (Okabe and Ito)."""
import math
from html import escape

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 4", "1 2", ""]
STYLE = 'font-family="sans-serif" font-size="12"'


def text(x, y, s, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(str(s))}</text>'


def document(width, height, body, title):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'{STYLE} role="img"><title>{escape(title)}</title>\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def shade(ratio):
    """Blue where the ratio is below 1, orange above, white at 1; full at 8 times."""
    strength = min(1.0, abs(math.log2(ratio)) / 3)
    far = (0x00, 0x72, 0xB2) if ratio < 1 else (0xD5, 0x5E, 0x00)
    return "#" + "".join(f"{round(255 + (c - 255) * strength * 0.85):02x}" for c in far)


def ratio_text(r):
    return f"{r:.2f}" if r < 10 else f"{r:.0f}"


def heat_maps(title, panels, rows, columns, row_title, column_title, legend):
    """panels: [(name, {(row, column): ratio})]; a cell has its number, so that the colours need not be read."""
    cw, ch, left, top, gap = 54, 28, 76, 72, 40
    height_of = top + ch * len(rows) + 52
    width = left + cw * len(columns) + 24
    body = [text(width / 2, 20, title, extra='font-weight="bold" font-size="14"')]
    body.append(text(width / 2, 38, legend, extra='fill="#333"'))
    y0 = 0
    for name, cells in panels:
        body.append(text(left, y0 + top - 8, name, "start", 'font-weight="bold"'))
        for i, row in enumerate(rows):
            y = y0 + top + i * ch
            body.append(text(left - 8, y + ch / 2 + 4, row, "end"))
            for k, column in enumerate(columns):
                r = cells[row, column]
                x = left + k * cw
                edge = ' stroke="#D55E00" stroke-width="2.5"' if r > 1 else ' stroke="#ffffff" stroke-width="1"'
                body.append(
                    f'<rect x="{x + 1.5}" y="{y + 1.5}" width="{cw - 3}" height="{ch - 3}" fill="{shade(r)}"{edge}/>'
                )
                dark = abs(math.log2(r)) > 2.6
                body.append(text(x + cw / 2, y + ch / 2 + 4, ratio_text(r), extra='fill="#fff"' if dark else ""))
        base = y0 + top + ch * len(rows)
        for k, column in enumerate(columns):
            body.append(text(left + k * cw + cw / 2, base + 16, column))
        body.append(text(left + cw * len(columns) / 2, base + 34, column_title))
        y0 += height_of - 72 + gap
    body.append(f'<g transform="translate(14 {top + ch * len(rows) / 2}) rotate(-90)">{text(0, 0, row_title)}</g>')
    return document(width, y0 + 72 - gap + 8, body, title)


def nice(top):
    """Ticks from 0 to at least `top`."""
    step = 10 ** math.floor(math.log10(top or 1))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if top / s <= 6)
    return [i * step for i in range(math.ceil(top / step - 1e-9) + 1)]


def number(v):
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if v >= unit:
            return f"{v / unit:g}{name}"
    return f"{v:g}"


def log_ticks(low, high, base=10):
    """Powers of 10; or of 4, for what comes in powers of 2."""
    if base == 2:
        first, last = math.floor(math.log2(low)), math.ceil(math.log2(high))
        return [2**e for e in range(first, last, 2)] + [2**last]
    return [10**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def lines(title, panels, x_title, y_title, x_log=False, y_log=False, x_name=number):
    """
    panels: [(name, [(label, [(x, y), ...]), ...])]; every line has its colour and dash, the same in all panels, and
    its name at its end. x_log: True, or 2 for ticks at powers of 2.
    """
    labels = list(dict.fromkeys(label for _, series in panels for label, _ in series))
    w, h, left, top, gap = 420, 230, 76, 52, 34
    right = max(150, 8 * max(map(len, labels)))
    width = left + w + right
    body = [text(width / 2, 22, title, extra='font-weight="bold" font-size="14"')]
    y0 = top
    for name, series in panels:
        xs = [x for _, points in series for x, _ in points]
        ys = [y for _, points in series for _, y in points]
        xt = log_ticks(min(xs), max(xs), x_log) if x_log else nice(max(xs))
        yt = log_ticks(max(min(ys), 1), max(ys)) if y_log else nice(max(max(ys), 1))
        scale = lambda v, t, log: (
            (math.log10(max(v, t[0])) - math.log10(t[0])) / (math.log10(t[-1]) - math.log10(t[0])) if log else v / t[-1]
        )
        px = lambda v: left + w * scale(v, xt, x_log)
        py = lambda v: y0 + 14 + h * (1 - scale(v, yt, y_log))
        body.append(text(left, y0 + 4, name, "start", 'font-weight="bold"'))
        for v in yt:
            body.append(f'<line x1="{left}" x2="{left + w}" y1="{py(v):.1f}" y2="{py(v):.1f}" stroke="#dddddd"/>')
            body.append(text(left - 6, py(v) + 4, number(v), "end"))
        for v in xt:
            body.append(text(px(v), y0 + h + 32, x_name(v)))
        body.append(text(left + w / 2, y0 + h + 50, x_title))
        ends = []
        for label, points in series:
            i = labels.index(label)
            colour, dash = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
            path = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in points)
            body.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.2"'
                f' stroke-dasharray="{dash}"/>'
            )
            body += [f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="3" fill="{colour}"/>' for x, y in points]
            ends.append([py(points[-1][1]), label, colour])
        ends.sort()
        for i in range(1, len(ends)):
            ends[i][0] = max(ends[i][0], ends[i - 1][0] + 15)
        for y, label, colour in ends:
            body.append(text(left + w + 10, y + 4, label, "start", f'fill="{colour}" font-weight="bold"'))
        body.append(f'<g transform="translate(16 {y0 + 14 + h / 2}) rotate(-90)">{text(0, 0, y_title)}</g>')
        y0 += h + 50 + gap
    return document(width, y0 - gap + 14, body, title)
