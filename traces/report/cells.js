/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the cells of a map: LEB128 in base64, as json.c writes them, into one array for each property. */
function unpackCells(map, measures) {
    const text = atob(map.data), n = map.cells;
    const c = {n, rowShift: map.row_shift, colShift: map.col_shift, leftOut: map.left_out,
        band: new Float64Array(n), row: new Float64Array(n), col: new Float64Array(n), kind: new Uint8Array(n),
        count: new Float64Array(n), id: new Float64Array(n)};
    if (measures)
        Object.assign(c, {sum: new Float64Array(n), max: new Float64Array(n), cause: new Float64Array(n), pc: new BigInt64Array(n),
            flags: new Uint32Array(n)});
    let at = 0;
    const number = () => {
        let value = 0, scale = 1, byte;
        do {
            byte = text.charCodeAt(at++);
            value += (byte & 127) * scale;
            scale *= 128;
        } while (byte > 127);
        return value;
    };
    const signed = () => {
        const v = number();
        return v % 2 ? -(v + 1) / 2 : v / 2;
    };
    const signedBig = () => {
        let value = 0n, shift = 0n, byte;
        do {
            byte = text.charCodeAt(at++);
            value |= BigInt(byte & 127) << shift;
            shift += 7n;
        } while (byte > 127);
        return value & 1n ? ~(value >> 1n) : value >> 1n;
    };
    let band = 0, row = 0, col = 0, id = 0, pc = 0n;
    for (let i = 0; i < n; i++) {
        const newBand = number();
        band += newBand;
        const newRow = number();
        if (newBand > 0) row = 0;
        row += newRow;
        if (newBand > 0 || newRow > 0) col = 0;
        col += number();
        c.band[i] = band;
        c.row[i] = row;
        c.col[i] = col;
        c.kind[i] = number();
        c.count[i] = signed();
        id += signed();
        c.id[i] = id;
        if (!measures) continue;
        c.sum[i] = number();
        c.max[i] = number();
        c.cause[i] = id - signed();
        pc = BigInt.asIntN(64, pc + signedBig());
        c.pc[i] = pc;
        c.flags[i] = number();
    }
    return c;
}

/*
 * The sum of a curve at each of some times, which ascend: what was added up to and with each of them. `smooth`: it grows evenly
 * from one point to the next, in place of at once.
 */
function sampleCurve(curve, times, smooth) {
    const step = 2 ** curve.shift, out = new Array(times.length);
    let i = 0, col = curve.t.length > 0 ? curve.t[0] : 0, sum = 0, before = 0;
    for (let k = 0; k < times.length; k++) {
        while (i < curve.t.length && col * step <= times[k]) {
            sum += curve.v[i++];
            before = col * step;
            if (i < curve.t.length) col += curve.t[i];
        }
        out[k] = smooth && i < curve.t.length ? sum + curve.v[i] * (times[k] - before) / (col * step - before) : sum;
    }
    return out;
}
