/* SPDX-License-Identifier: GPL-2.0-only */
/* The SBI (RISC-V Supervisor Binary Interface 2.0), answered by the host: there is no firmware. */
#ifndef EMU_SBI_H
#define EMU_SBI_H

struct machine;

/* The hart has executed ecall in supervisor mode: arguments and results are in its registers. */
void sbi_call(struct machine *);

#endif
