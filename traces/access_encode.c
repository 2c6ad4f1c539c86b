/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes blocks of an access trace: what the predictors know costs nothing, the rest a few bytes. docs/access.md. */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "access.h"
#include "access_predict.h"

#define ZSTD_LEVEL 3

struct part {
    uint8_t *bytes;
    size_t n, room;
};

struct access_encoder {
    struct predict predict;
    struct part parts[PARTS];
    struct predict_slot *slots; /* of all pieces in the dictionary, one after the other */
    uint32_t nslots, slots_room;
    uint32_t *first_slot;       /* of a piece */
    uint32_t ncodes, codes_room;
    uint64_t insn_ns;
    uint64_t block;             /* number of this block; codes that name another one are not in the dictionary */
    bool failed;

    uint64_t pieces, items;     /* run; and with loads and stores */
    uint64_t guessed_codes, guessed_data; /* right since the last entry */
    uint64_t left_out;          /* slots since the last entry of PART_DATA */
    uint64_t lookups, last_lookup; /* of pages; at the last entry of PART_PAGE */
    uint64_t noted;             /* piece of the last entry of PART_CONTEXT */
    uint64_t code_end, code_shift; /* of the last dictionary entry: where its code ended, pa - pc */
    uint64_t insn, skipped_ns;  /* as they would be at the next piece */
    struct access_context context;
    struct access_code *code;   /* that runs */
    unsigned next_slot;         /* of it */
    struct access_raw row;
};

/* ---- bytes ---- */

static void put(struct access_encoder *e, enum access_part which, uint64_t value)
{
    struct part *p = &e->parts[which];
    if (p->room - p->n < 10) {
        size_t room = p->room ? 2 * p->room : 4096;
        uint8_t *larger = realloc(p->bytes, room);
        if (!larger) {
            e->failed = true;
            p->n = 0;
            if (!p->room)
                return;
        } else {
            p->bytes = larger;
            p->room = room;
        }
    }
    for (; value >= 0x80; value >>= 7)
        p->bytes[p->n++] = (uint8_t)(value | 0x80);
    p->bytes[p->n++] = (uint8_t)value;
}

static void note(struct access_encoder *e, enum access_note what)
{
    uint64_t piece = e->pieces - 1;
    put(e, PART_CONTEXT, piece - e->noted);
    put(e, PART_CONTEXT, what);
    e->noted = piece;
}

/* ---- pages ---- */

static void page(struct access_encoder *e, uint64_t va, uint64_t pa)
{
    uint64_t va_page = va & ~(ACCESS_PAGE - 1), pa_page = pa & ~(ACCESS_PAGE - 1);
    struct predict_page *p = predict_page(&e->predict, va_page, e->context.satp);
    e->lookups++;
    if (p->pa == pa_page)
        return;
    put(e, PART_PAGE, e->lookups - e->last_lookup);
    put(e, PART_PAGE, zigzag((pa_page - p->pa) / ACCESS_PAGE));
    e->last_lookup = e->lookups;
    p->pa = pa_page;
}

/* ---- code ---- */

/* Room for one more piece in the dictionary. */
static bool grow(struct access_encoder *e, unsigned slots)
{
    if (e->ncodes == e->codes_room) {
        uint32_t room = e->codes_room ? 2 * e->codes_room : 1024;
        uint32_t *larger = realloc(e->first_slot, room * sizeof *larger);
        if (!larger)
            return false;
        e->first_slot = larger;
        e->codes_room = room;
    }
    if (e->slots_room - e->nslots <= slots) {
        uint32_t room = 2 * (e->slots_room + slots) + 64;
        struct predict_slot *larger = realloc(e->slots, room * sizeof *larger);
        if (!larger)
            return false;
        e->slots = larger;
        e->slots_room = room;
    }
    return true;
}

static void describe(struct access_encoder *e, const struct access_code *c)
{
    unsigned before = 0;
    put(e, PART_CODE, zigzag(c->pc - e->code_end));
    put(e, PART_CODE, zigzag(c->pa - c->pc - e->code_shift));
    put(e, PART_CODE, (uint64_t)c->insns << 2 | (uint64_t)c->crosses << 1 | c->listed);
    if (c->crosses)
        put(e, PART_CODE, zigzag(c->next_page / ACCESS_PAGE - c->pa / ACCESS_PAGE));
    for (unsigned i = 0; i < (c->insns + 6u) / 7; i++) { /* 7 to a byte: varints of one byte */
        unsigned bits = 0;
        for (unsigned k = 0; k < 7 && 7 * i + k < c->insns; k++)
            bits |= (c->long_insns[(7 * i + k) / 8] >> (7 * i + k) % 8 & 1u) << k;
        put(e, PART_CODE, bits);
    }
    put(e, PART_CODE, c->nslots);
    for (unsigned i = 0; i < c->nslots; i++) {
        put(e, PART_CODE, (uint64_t)(c->slots[i].insn - before) << 4 | (uint64_t)c->slots[i].log2 << 2 | c->slots[i].kind);
        before = c->slots[i].insn;
    }
    e->code_end = c->pc + c->bytes;
    e->code_shift = c->pa - c->pc;
}

static void add_code(struct access_encoder *e, struct access_code *c)
{
    if (!grow(e, c->nslots)) {
        e->failed = true;
        return;
    }
    c->block = e->block;
    c->number = e->ncodes;
    e->first_slot[e->ncodes++] = e->nslots;
    memset(e->slots + e->nslots, 0, c->nslots * sizeof *e->slots);
    e->nslots += c->nslots;
    describe(e, c);
}

static void order(struct access_encoder *e, struct access_code *c)
{
    uint32_t *guess = predict_code(&e->predict);
    bool known = c->block == e->block;
    if (known && *guess == c->number) {
        e->guessed_codes++;
    } else {
        put(e, PART_ORDER, e->guessed_codes);
        put(e, PART_ORDER, known ? c->number : e->ncodes);
        e->guessed_codes = 0;
        if (!known)
            add_code(e, c);
    }
    predict_ran(&e->predict, c->number);
}

/* ---- what runs ---- */

static void begin_block(struct access_encoder *e, uint64_t insn, uint64_t skipped_ns, const struct access_context *c)
{
    e->insn = insn;
    e->skipped_ns = skipped_ns;
    e->row = (struct access_raw){.first_insn = insn, .last_insn = insn, .first_ts = insn * e->insn_ns + skipped_ns, .proc = c->proc};
    e->row.last_ts = e->row.first_ts;
    e->context = (struct access_context){.mode = 0xff}; /* to be noted */
}

static void context(struct access_encoder *e, uint64_t insn, uint64_t skipped_ns, const struct access_context *c)
{
    if (c->proc != e->context.proc || c->satp != e->context.satp || c->mode != e->context.mode) {
        note(e, NOTE_CONTEXT);
        put(e, PART_CONTEXT, c->proc);
        put(e, PART_CONTEXT, c->satp);
        put(e, PART_CONTEXT, c->mode);
        e->context = *c;
        e->row.several = e->row.several || c->proc != e->row.proc;
    }
    if (insn != e->insn) {
        note(e, NOTE_INSN);
        put(e, PART_CONTEXT, zigzag(insn - e->insn));
        e->insn = insn;
    }
    if (skipped_ns != e->skipped_ns) {
        note(e, NOTE_TIME);
        put(e, PART_CONTEXT, zigzag(skipped_ns - e->skipped_ns));
        e->skipped_ns = skipped_ns;
    }
}

void access_encode_begin(struct access_encoder *e, struct access_code *code, uint64_t insn, uint64_t skipped_ns,
                         const struct access_context *c)
{
    if (e->pieces == 0)
        begin_block(e, insn, skipped_ns, c);
    e->pieces++;
    e->items++;
    context(e, insn, skipped_ns, c);
    order(e, code);
    e->code = code;
    e->next_slot = 0;
    e->row.last_insn = insn;
    e->row.last_ts = insn * e->insn_ns + skipped_ns;
}

/* Slots up to this one were not done. */
static void leave_out(struct access_encoder *e, unsigned slot)
{
    if (slot > e->next_slot && !e->left_out) {
        put(e, PART_DATA, e->guessed_data);
        put(e, PART_DATA, 0); /* how many follows when it is known */
        e->guessed_data = 0;
    }
    e->left_out += slot - e->next_slot;
    e->next_slot = slot;
}

static void come_back(struct access_encoder *e)
{
    if (e->left_out)
        put(e, PART_DATA, e->left_out);
    e->left_out = 0;
}

void access_encode_data(struct access_encoder *e, unsigned slot, uint64_t va, uint64_t pa, uint64_t next_page)
{
    if (e->failed)
        return;
    leave_out(e, slot);
    come_back(e);
    struct predict_slot *s = &e->slots[e->first_slot[e->code->number] + slot];
    uint64_t guess = predict_va(s);
    unsigned bytes = 1u << e->code->slots[slot].log2;
    if (va == guess) {
        e->guessed_data++;
    } else {
        put(e, PART_DATA, e->guessed_data);
        put(e, PART_DATA, zigzag(va - guess));
        e->guessed_data = 0;
    }
    predict_access(s, va);
    page(e, va, pa);
    if ((va ^ (va + bytes - 1)) & ~(ACCESS_PAGE - 1))
        page(e, va + bytes - 1, next_page);
    e->row.count[e->code->slots[slot].kind]++;
    e->next_slot = slot + 1;
    e->items++;
}

void access_encode_end(struct access_encoder *e, unsigned insns)
{
    struct access_code *c = e->code;
    unsigned slot = e->next_slot;
    if (e->failed)
        return;
    while (slot < c->nslots && c->slots[slot].insn < insns)
        slot++;
    leave_out(e, slot);
    if (insns < c->insns) {
        note(e, NOTE_CUT);
        put(e, PART_CONTEXT, insns);
    }
    e->insn += insns;
    if (c->listed)
        e->row.count[ACCESS_FETCH] += insns;
    e->row.last_insn += insns ? insns - 1 : 0;
    e->row.last_ts += insns ? (insns - 1) * e->insn_ns : 0;
    e->code = NULL;
}

/* ---- blocks ---- */

bool access_encoder_full(const struct access_encoder *e)
{
    return e->items >= ACCESS_BLOCK_ITEMS;
}

bool access_encoder_failed(const struct access_encoder *e)
{
    return e->failed;
}

static uint8_t *put_header(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

/* The header and the parts, one after the other. */
static bool join(struct access_encoder *e)
{
    const uint64_t words[] = {ACCESS_VERSION, e->row.first_insn, e->row.first_ts - e->row.first_insn * e->insn_ns,
                              e->insn_ns, e->pieces};
    size_t n = 10 * (sizeof words / sizeof *words + PARTS);
    for (unsigned i = 0; i < PARTS; i++)
        n += e->parts[i].n;
    uint8_t *at = e->row.bytes = malloc(n);
    if (!at)
        return false;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        at = put_header(at, words[i]);
    for (unsigned i = 0; i < PARTS; i++)
        at = put_header(at, e->parts[i].n);
    for (unsigned i = 0; i < PARTS; i++) {
        if (e->parts[i].n)
            memcpy(at, e->parts[i].bytes, e->parts[i].n);
        at += e->parts[i].n;
    }
    e->row.n = (size_t)(at - e->row.bytes);
    return true;
}

static void clear(struct access_encoder *e)
{
    predict_clear(&e->predict);
    for (unsigned i = 0; i < PARTS; i++)
        e->parts[i].n = 0;
    e->nslots = e->ncodes = 0;
    e->pieces = e->items = e->guessed_codes = e->guessed_data = e->left_out = 0;
    e->lookups = e->last_lookup = e->noted = e->code_end = e->code_shift = 0;
    e->block++;
}

bool access_encoder_take(struct access_encoder *e, struct access_raw *raw)
{
    if (e->pieces == 0 || e->failed)
        return false;
    come_back(e);
    put(e, PART_ORDER, e->guessed_codes);
    put(e, PART_DATA, e->guessed_data);
    if (e->failed || !join(e)) {
        e->failed = true;
        return false;
    }
    if (e->row.several)
        e->row.proc = 0;
    *raw = e->row;
    clear(e);
    return true;
}

struct access_encoder *access_encoder_new(uint64_t insn_ns)
{
    struct access_encoder *e = calloc(1, sizeof *e);
    if (e) {
        e->insn_ns = insn_ns;
        clear(e);
    }
    return e;
}

void access_encoder_free(struct access_encoder *e)
{
    for (unsigned i = 0; e && i < PARTS; i++)
        free(e->parts[i].bytes);
    if (e) {
        free(e->slots);
        free(e->first_slot);
    }
    free(e);
}

uint8_t *access_compress(const struct access_raw *raw, size_t *n)
{
    size_t room = ZSTD_compressBound(raw->n);
    uint8_t *blob = malloc(room);
    *n = blob ? ZSTD_compress(blob, room, raw->bytes, raw->n, ZSTD_LEVEL) : 0;
    if (!blob || ZSTD_isError(*n)) {
        free(blob);
        return NULL;
    }
    return blob;
}
