/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads blocks of an access trace, whatever they may hold: each number is checked before it is used. docs/access.md. Also a
 * part of tarry.so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "access.h"
#include "access_predict.h"

#define NEVER UINT64_MAX

struct stream {
    const uint8_t *at, *end;
};

struct piece { /* of the dictionary */
    uint64_t pc, pa, next_page;
    uint32_t first_slot, first_bits;
    uint16_t insns, nslots;
    bool crosses, listed;
};

struct slot {
    struct predict_slot predict;
    uint16_t insn;
    uint8_t kind, log2;
};

struct access_reader {
    struct predict predict;
    struct stream parts[PARTS];
    uint8_t *raw;
    bool runs;
    const char *damage;          /* NULL: none so far */
    struct piece *pieces;
    struct slot *slots;
    uint8_t *bits;               /* of lengths, 7 to a byte */
    uint32_t npieces, pieces_room, nslots, slots_room, nbits, bits_room;
    uint64_t code_end, code_shift;

    uint64_t total, done;        /* pieces to run */
    uint64_t insn_ns, insn, skipped_ns;
    uint64_t guessed_codes, guessed_data, left_out;
    uint64_t lookups, next_lookup, next_note;
    struct access_context context;

    const struct piece *piece;   /* that runs; NULL: the next one is to begin */
    unsigned at, end, slot, back; /* instruction, behind the last one, slot; bytes from the piece's start */

};

/* ---- numbers ---- */

static uint64_t damaged(struct access_reader *r, const char *what)
{
    if (!r->damage)
        r->damage = what;
    return 0;
}

static uint64_t take(struct access_reader *r, struct stream *s)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (s->at == s->end)
            return damaged(r, "it ends too early");
        uint8_t byte = *s->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    return damaged(r, "a number is too long");
}

static uint64_t get(struct access_reader *r, enum access_part part)
{
    return take(r, &r->parts[part]);
}

static uint64_t get_signed(struct access_reader *r, enum access_part part)
{
    return unzigzag(get(r, part));
}

static bool is_empty(const struct access_reader *r, enum access_part part)
{
    return r->parts[part].at == r->parts[part].end;
}

/* Room for one more of `size` bytes at n. */
static bool grow(struct access_reader *r, void *array, uint32_t n, uint32_t *room, uint32_t more, size_t size)
{
    void **a = array;
    if (*room - n >= more && *a)
        return true;
    uint32_t larger = 2 * (*room + more) + 64;
    void *p = realloc(*a, larger * size);
    if (!p) {
        damaged(r, "the host is out of memory");
        return false;
    }
    *a = p;
    *room = larger;
    return true;
}

/* ---- the dictionary ---- */

static void read_slots(struct access_reader *r, struct piece *p)
{
    uint64_t insn = 0;
    for (unsigned i = 0; i < p->nslots && !r->damage; i++) {
        uint64_t word = get(r, PART_CODE), step = word >> 4;
        insn += step;
        if (step >= p->insns || insn >= p->insns || (i && !step) || (word & 3) == ACCESS_FETCH) {
            damaged(r, "a load or store is at no instruction");
            return;
        }
        r->slots[r->nslots++] = (struct slot){.insn = (uint16_t)insn, .kind = word & 3, .log2 = word >> 2 & 3};
    }
}

static void read_piece(struct access_reader *r)
{
    struct piece p = {.first_slot = r->nslots, .first_bits = r->nbits};
    p.pc = r->code_end + get_signed(r, PART_CODE);
    p.pa = p.pc + r->code_shift + get_signed(r, PART_CODE);
    uint64_t word = get(r, PART_CODE), bytes = 0;
    p.listed = word & 1;
    p.crosses = word & 2;
    if (word >> 2 == 0 || word >> 2 > ACCESS_MOST_INSNS) {
        damaged(r, "a piece of code has no length");
        return;
    }
    p.insns = (uint16_t)(word >> 2);
    if (p.crosses)
        p.next_page = (p.pa / ACCESS_PAGE + get_signed(r, PART_CODE)) * ACCESS_PAGE;
    if (!grow(r, &r->bits, r->nbits, &r->bits_room, p.insns / 7u + 1, 1))
        return;
    for (unsigned i = 0; i < (p.insns + 6u) / 7; i++)
        r->bits[r->nbits++] = (uint8_t)(get(r, PART_CODE) & 0x7f);
    for (unsigned i = 0; i < p.insns; i++)
        bytes += r->bits[p.first_bits + i / 7] >> i % 7 & 1 ? 4 : 2;
    uint64_t nslots = get(r, PART_CODE);
    if (nslots > p.insns) {
        damaged(r, "more loads and stores than instructions");
        return;
    }
    p.nslots = (uint16_t)nslots;
    if (!grow(r, &r->slots, r->nslots, &r->slots_room, p.nslots, sizeof *r->slots) ||
        !grow(r, &r->pieces, r->npieces, &r->pieces_room, 1, sizeof *r->pieces))
        return;
    read_slots(r, &p);
    r->pieces[r->npieces++] = p;
    r->code_end = p.pc + bytes;
    r->code_shift = p.pa - p.pc;
}

/* ---- what runs ---- */

static void read_notes(struct access_reader *r)
{
    while (r->next_note == r->done && !r->damage) {
        switch (get(r, PART_CONTEXT)) {
        case NOTE_CONTEXT:
            r->context.proc = get(r, PART_CONTEXT);
            r->context.satp = get(r, PART_CONTEXT);
            r->context.mode = (uint8_t)get(r, PART_CONTEXT);
            break;
        case NOTE_INSN:
            r->insn += get_signed(r, PART_CONTEXT);
            break;
        case NOTE_TIME:
            r->skipped_ns += get_signed(r, PART_CONTEXT);
            break;
        case NOTE_CUT: {
            uint64_t insns = get(r, PART_CONTEXT);
            if (insns > r->end)
                damaged(r, "a piece of code is cut behind its end");
            else
                r->end = (unsigned)insns;
            break;
        }
        default:
            damaged(r, "it has notes of a later version");
        }
        r->next_note = is_empty(r, PART_CONTEXT) ? NEVER : r->done + get(r, PART_CONTEXT);
    }
}

static void begin_piece(struct access_reader *r)
{
    uint64_t number = *predict_code(&r->predict);
    if (r->guessed_codes) {
        r->guessed_codes--;
    } else {
        number = get(r, PART_ORDER);
        if (number == r->npieces)
            read_piece(r);
        r->guessed_codes = get(r, PART_ORDER);
    }
    if (number >= r->npieces)
        damaged(r, "code runs that it does not have");
    if (r->damage)
        return;
    predict_ran(&r->predict, (uint32_t)number);
    r->piece = &r->pieces[number];
    r->at = r->slot = r->back = 0;
    r->end = r->piece->insns;
    read_notes(r);
}

static void end_piece(struct access_reader *r)
{
    r->insn += r->end;
    r->piece = NULL;
    r->done++;
}

static uint64_t look_up(struct access_reader *r, uint64_t va)
{
    struct predict_page *p = predict_page(&r->predict, va & ~(ACCESS_PAGE - 1), r->context.satp);
    if (++r->lookups == r->next_lookup) {
        p->pa += get_signed(r, PART_PAGE) * ACCESS_PAGE;
        r->next_lookup = is_empty(r, PART_PAGE) ? NEVER : r->lookups + get(r, PART_PAGE);
    }
    return p->pa;
}

/* The address of the next slot. False: it is not listed. */
static bool read_address(struct access_reader *r, struct slot *s, uint64_t *va)
{
    if (!r->left_out && !r->guessed_data) {
        uint64_t code = get(r, PART_DATA);
        if (code) {
            *va = predict_va(&s->predict) + unzigzag(code);
            r->guessed_data = get(r, PART_DATA);
            return true;
        }
        r->left_out = get(r, PART_DATA);
        if (!r->left_out)
            damaged(r, "nothing is left out");
    }
    if (r->left_out) {
        if (--r->left_out == 0)
            r->guessed_data = get(r, PART_DATA);
        return false;
    }
    r->guessed_data--;
    *va = predict_va(&s->predict);
    return true;
}

static void stamp(const struct access_reader *r, struct access *a)
{
    a->insn = r->insn + r->at;
    a->ts = a->insn * r->insn_ns + r->skipped_ns;
    a->proc = r->context.proc;
    a->satp = r->context.satp;
    a->mode = r->context.mode;
}

/* The slot's load or store. False: not listed. */
static bool read_data(struct access_reader *r, struct access *a)
{
    struct slot *s = &r->slots[r->piece->first_slot + r->slot++];
    uint64_t va;
    if (!read_address(r, s, &va) || r->damage)
        return false;
    predict_access(&s->predict, va);
    stamp(r, a);
    a->insn--; /* `at` is behind it */
    a->ts -= r->insn_ns;
    a->va = va;
    a->bytes = 1u << s->log2;
    a->count = 1;
    a->kind = s->kind;
    a->pa = look_up(r, va) | (va & (ACCESS_PAGE - 1));
    a->next_pa = (va ^ (va + a->bytes - 1)) & ~(ACCESS_PAGE - 1) ? look_up(r, va + a->bytes - 1) : 0;
    return true;
}

/* Fetches of instructions up to `to`. */
static void read_fetches(struct access_reader *r, unsigned to, struct access *a)
{
    const struct piece *p = r->piece;
    unsigned from = r->at;
    stamp(r, a);
    a->va = p->pc + r->back;
    a->pc = a->va;
    a->pa = p->pa + r->back;
    a->bytes = 0;
    for (; r->at < to; r->at++)
        a->bytes += r->bits[p->first_bits + r->at / 7] >> r->at % 7 & 1 ? 4 : 2;
    r->back += a->bytes;
    a->count = to - from;
    a->kind = ACCESS_FETCH;
    a->next_pa = p->crosses && to == p->insns ? p->next_page : 0;
}

static unsigned length_before(const struct access_reader *r)
{
    unsigned i = r->at - 1;
    return r->bits[r->piece->first_bits + i / 7] >> i % 7 & 1 ? 4 : 2;
}

static bool data_is_next(const struct access_reader *r)
{
    return r->slot < r->piece->nslots && r->slots[r->piece->first_slot + r->slot].insn < r->end;
}

/* The next one of the piece that runs, if it has one. */
static bool step(struct access_reader *r, struct access *a)
{
    bool data = data_is_next(r);
    unsigned to = data ? r->slots[r->piece->first_slot + r->slot].insn + 1u : r->end;
    if (r->at < to) {
        read_fetches(r, r->runs ? to : r->at + 1, a);
        return r->piece->listed;
    }
    if (!data) {
        end_piece(r);
        return false;
    }
    a->pc = r->piece->pc + r->back - length_before(r);
    return read_data(r, a);
}

int access_read(struct access_reader *r, struct access *a, char *err, size_t errlen)
{
    while (!r->damage && (r->piece || r->done < r->total)) {
        if (!r->piece)
            begin_piece(r);
        else if (step(r, a))
            return 1;
    }
    if (!r->damage)
        return 0;
    snprintf(err, errlen, "the block is damaged: %s", r->damage);
    return -1;
}

/* ---- beginning ---- */

static bool unpack(struct access_reader *r, const uint8_t *blob, size_t n, size_t *bytes)
{
    unsigned long long size = ZSTD_getFrameContentSize(blob, n);
    if (size > ACCESS_MOST_BYTES) /* the codes for errors and for unknown sizes, too */
        return damaged(r, "it is not what zstd has compressed, or too large");
    r->raw = malloc(size + 1);
    if (!r->raw)
        return damaged(r, "the host is out of memory");
    *bytes = ZSTD_decompress(r->raw, size, blob, n);
    if (ZSTD_isError(*bytes))
        return damaged(r, "zstd cannot unpack it");
    return true;
}

static void read_header(struct access_reader *r, size_t n)
{
    struct stream all = {r->raw, r->raw + n};
    uint64_t lengths[PARTS];
    if (take(r, &all) != ACCESS_VERSION)
        damaged(r, "it is of another version");
    r->insn = take(r, &all);
    r->skipped_ns = take(r, &all);
    r->insn_ns = take(r, &all);
    r->total = take(r, &all);
    if (r->total > 2ull * ACCESS_BLOCK_ITEMS)
        damaged(r, "it is too long");
    for (unsigned i = 0; i < PARTS; i++)
        lengths[i] = take(r, &all);
    for (unsigned i = 0; i < PARTS && !r->damage; i++) {
        if (lengths[i] > (uint64_t)(all.end - all.at))
            damaged(r, "it ends too early");
        r->parts[i] = (struct stream){all.at, all.at + (r->damage ? 0 : lengths[i])};
        all.at = r->parts[i].end;
    }
    if (r->damage)
        return;
    r->guessed_codes = get(r, PART_ORDER);
    r->guessed_data = get(r, PART_DATA);
    r->next_lookup = is_empty(r, PART_PAGE) ? NEVER : get(r, PART_PAGE);
    r->next_note = is_empty(r, PART_CONTEXT) ? NEVER : get(r, PART_CONTEXT);
}

struct access_reader *access_reader_new(const uint8_t *blob, size_t n, bool runs, char *err, size_t errlen)
{
    size_t bytes = 0;
    struct access_reader *r = calloc(1, sizeof *r);
    if (!r) {
        snprintf(err, errlen, "the host is out of memory");
        return NULL;
    }
    r->runs = runs;
    if (unpack(r, blob, n, &bytes))
        read_header(r, bytes);
    if (!r->damage)
        return r;
    snprintf(err, errlen, "the block is damaged: %s", r->damage);
    access_reader_free(r);
    return NULL;
}

void access_reader_free(struct access_reader *r)
{
    if (!r)
        return;
    free(r->raw);
    free(r->pieces);
    free(r->slots);
    free(r->bits);
    free(r);
}
