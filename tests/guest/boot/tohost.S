/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host-target interface. Prints "ok" by the console device and by the proxied system call write, echoes what it
 * reads until a '.', and ends the run in the way that WAY says.
 */
    .section .text.start
    .globl _start
_start:
    la s0, tohost
    la s1, fromhost
    li a0, 'o'
    call put
    la a0, call_write
    call proxy
    la a0, call_nothing
    call proxy
    la t0, call_nothing
    ld t1, 0(t0)
    li t2, -38                  /* ENOSYS */
    bne t1, t2, bad
1:  call get
    li t0, '.'
    beq a0, t0, 2f
    call put
    j 1b
2:  la t0, signature
    li t1, 0x1122334455667788
    sd t1, 0(t0)
#if WAY == 0
    li t0, 1                    /* pass, as riscv-tests do it: two words */
    sw t0, 0(s0)
    sw zero, 4(s0)
#elif WAY == 1
    li t0, 2 * 5 + 1            /* test 5 failed */
    sd t0, 0(s0)
#elif WAY == 2
    li t0, 2 * 1000 + 1
    sd t0, 0(s0)
#elif WAY == 3
    la a0, call_exit
    call proxy
#else
    li t0, 0x7700000000000000   /* no such device */
    sd t0, 0(s0)
#endif
3:  j 3b
bad:
    li t0, 2 * 99 + 1
    sd t0, 0(s0)
    j 3b

put: /* a0 */
    li t0, 0x0101000000000000
    or t0, t0, a0
    sd t0, 0(s0)
1:  ld t0, 0(s0)
    bnez t0, 1b
    ret
get: /* returns a0 */
    sd zero, 0(s1)
    li t0, 0x0100000000000000
    sd t0, 0(s0)
1:  ld a0, 0(s1)
    beqz a0, 1b
    andi a0, a0, 0xff
    ret
proxy: /* a0: the call */
    sd zero, 0(s1)
    sd a0, 0(s0)
1:  ld t0, 0(s1)
    beqz t0, 1b
    ret

    .data
    .balign 64
call_write:
    .dword 64, 1, text, 2
    .space 32
call_nothing:
    .dword 12345, 0, 0, 0
    .space 32
call_exit:
    .dword 93, 6, 0, 0
    .space 32
text:
    .ascii "k\n"
    .balign 8
    .globl begin_signature, end_signature
begin_signature:
signature:
    .dword 0
    .word 0xcafe0001
end_signature:

    .section .tohost, "aw", @progbits
    .balign 4096
    .globl tohost, fromhost
tohost:
    .dword 0
    .balign 64
fromhost:
    .dword 0
    .space 56
