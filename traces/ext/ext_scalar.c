/* SPDX-License-Identifier: GPL-2.0-only */
/* Scalar functions: numbers of a trace in the form in which people write them. */
#include <capstone/capstone.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "ext.h"

#define PAGE_SHIFT 12

/* An argument that must be a whole number; NULL gives NULL. Returns 0 if the function has its answer already. */
static int whole(sqlite3_context *c, sqlite3_value *v, const char *what, sqlite3_int64 *n)
{
    char message[80];

    if (sqlite3_value_type(v) == SQLITE_INTEGER) {
        *n = sqlite3_value_int64(v);
        return 1;
    }
    if (sqlite3_value_type(v) != SQLITE_NULL) {
        snprintf(message, sizeof(message), "%s must be a whole number", what);
        sqlite3_result_error(c, message, -1);
    }
    return 0;
}

/* hexa(x [, digits]): 0x..., as 64 bits without sign; with at least so many digits. */
static void hexa(sqlite3_context *c, int argc, sqlite3_value **argv)
{
    sqlite3_int64 x, digits = 1;
    char text[24];

    if (!whole(c, argv[0], "hexa: x", &x) || (argc > 1 && !whole(c, argv[1], "hexa: digits", &digits)))
        return;
    if (digits < 1 || digits > 16) {
        sqlite3_result_error(c, "hexa: digits must be 1 to 16", -1);
        return;
    }
    snprintf(text, sizeof(text), "0x%0*llx", (int)digits, (unsigned long long)x);
    sqlite3_result_text(c, text, -1, SQLITE_TRANSIENT);
}

/* page(va): the number of its page of 4096 bytes. */
static void page(sqlite3_context *c, int argc, sqlite3_value **argv)
{
    sqlite3_int64 va;

    (void)argc;
    if (whole(c, argv[0], "page: va", &va))
        sqlite3_result_int64(c, (sqlite3_int64)((uint64_t)va >> PAGE_SHIFT));
}

/* ---- disasm ---- */

/* Capstone's handle is the connection's. */
static void close_capstone(void *handle)
{
    csh capstone = (csh)(uintptr_t)handle;

    cs_close(&capstone);
}

/* Where a jump or branch goes: pc and the distance that is its last operand. */
static int target(csh capstone, const cs_insn *insn, uint64_t *to)
{
    const cs_riscv *d = &insn->detail->riscv;
    const cs_riscv_op *last = d->op_count > 0 ? &d->operands[d->op_count - 1] : NULL;

    if (last == NULL || last->type != RISCV_OP_IMM ||
        (insn->id != RISCV_INS_JAL && insn->id != RISCV_INS_C_J &&
         !cs_insn_group(capstone, insn, RISCV_GRP_BRANCH_RELATIVE)))
        return 0;
    *to = insn->address + (uint64_t)last->imm;
    return 1;
}

/* disasm(insn [, pc]): the instruction in words; with its pc, where a relative jump goes. */
static void disasm(sqlite3_context *c, int argc, sqlite3_value **argv)
{
    csh capstone = (csh)(uintptr_t)sqlite3_user_data(c);
    sqlite3_int64 word, pc = 0;
    uint8_t bytes[4];
    uint64_t to;
    size_t n;
    cs_insn *insn;
    char text[300];

    if (!whole(c, argv[0], "disasm: insn", &word) || (argc > 1 && !whole(c, argv[1], "disasm: pc", &pc)))
        return;
    if (word < 0 || word > UINT32_MAX) {
        sqlite3_result_error(c, "disasm: insn must be 16 or 32 bits", -1);
        return;
    }
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(word >> 8 * i);
    n = (word & 3) == 3 ? 4 : 2; /* unprivileged spec, 1.5: the two low bits say the length */
    if ((n == 2 && word > UINT16_MAX) || cs_disasm(capstone, bytes, n, (uint64_t)pc, 1, &insn) != 1)
        return; /* no instruction: NULL */
    n = (size_t)snprintf(text, sizeof(text), "%s%s%s", insn->mnemonic, insn->op_str[0] != '\0' ? " " : "", insn->op_str);
    if (argc > 1 && target(capstone, insn, &to))
        snprintf(text + n, sizeof(text) - n, " # 0x%llx", (unsigned long long)to);
    cs_free(insn, 1);
    sqlite3_result_text(c, text, -1, SQLITE_TRANSIENT);
}

/* ---- symbol ---- */

static void finalize(void *statement)
{
    sqlite3_finalize(statement);
}

/* The look-up in a schema. It is kept with the calling statement if that says a constant. */
static sqlite3_stmt *look_up(sqlite3_context *c, const char *schema)
{
    sqlite3 *db = sqlite3_context_db_handle(c);
    sqlite3_stmt *s = sqlite3_get_auxdata(c, 0);
    char *sql;
    int rc;

    if (s != NULL)
        return s;
    sql = sqlite3_mprintf("SELECT name, address FROM \"%w\".symbol WHERE address <= ?1 AND (?2 IS NULL OR image = ?2)"
                          " AND (size = 0 OR address + size > ?1) ORDER BY address DESC, image, id LIMIT 1", schema);
    rc = sql != NULL ? sqlite3_prepare_v2(db, sql, -1, &s, NULL) : SQLITE_NOMEM;
    sqlite3_free(sql);
    if (rc != SQLITE_OK) {
        sqlite3_result_error(c, sqlite3_errmsg(db), -1);
        return NULL;
    }
    sqlite3_set_auxdata(c, 0, s, finalize);
    s = sqlite3_get_auxdata(c, 0);
    if (s == NULL)
        sqlite3_result_error_nomem(c);
    return s;
}

/* symbol(run, pc [, image]): function+0xoffset, from table symbol of the trace; NULL if there is none. */
static void symbol(sqlite3_context *c, int argc, sqlite3_value **argv)
{
    const char *schema = ext_schema(argv[0]);
    sqlite3_int64 pc, image;
    sqlite3_stmt *s;
    char *text;

    if (schema == NULL) {
        sqlite3_result_error(c, "symbol: run must be 1, or the name of a schema", -1);
        return;
    }
    if (!whole(c, argv[1], "symbol: pc", &pc) || (argc > 2 && !whole(c, argv[2], "symbol: image", &image)))
        return;
    s = look_up(c, schema);
    if (s == NULL)
        return;
    sqlite3_bind_int64(s, 1, pc);
    if (argc > 2)
        sqlite3_bind_int64(s, 2, image);
    if (sqlite3_step(s) == SQLITE_ROW) {
        text = sqlite3_mprintf("%s+0x%llx", sqlite3_column_text(s, 0), pc - sqlite3_column_int64(s, 1));
        sqlite3_result_text(c, text, -1, sqlite3_free);
    }
    sqlite3_reset(s);
}

/* ---- all of them ---- */

int ext_scalar_register(sqlite3 *db)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    csh capstone[2];
    int rc = sqlite3_create_function_v2(db, "hexa", 1, flags, NULL, hexa, NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "hexa", 2, flags, NULL, hexa, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "page", 1, flags, NULL, page, NULL, NULL, NULL);
    for (int i = 0; i < 2 && rc == SQLITE_OK; i++) { /* SQLite closes what it was given, even if it fails */
        if (cs_open(CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC, &capstone[i]) != CS_ERR_OK)
            return SQLITE_NOMEM;
        cs_option(capstone[i], CS_OPT_DETAIL, CS_OPT_ON);
        rc = sqlite3_create_function_v2(db, "disasm", i + 1, flags, (void *)(uintptr_t)capstone[i], disasm, NULL, NULL,
                                        close_capstone);
    }
    for (int n = 2; n <= 3 && rc == SQLITE_OK; n++) /* reads the trace, so its answer is not its arguments' alone */
        rc = sqlite3_create_function_v2(db, "symbol", n, SQLITE_UTF8, NULL, symbol, NULL, NULL, NULL);
    return rc;
}
