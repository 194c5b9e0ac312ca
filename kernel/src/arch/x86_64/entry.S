# Every way into the kernel from user mode, from a fault and from a device, and back.
#
# In the kernel GS is the per-CPU block (percpu.rs); in user mode it is the user's. Whoever comes from user mode
# does SWAPGS first and again last. All entries but `syscall` come through interrupt gates: interrupts are off.
#
# syscall_entry      rax = number; rdi rsi rdx r10 r8 r9 = arguments; rcx = return address; r11 = flags; rsp and all
#                    others are the user's. FMASK has cleared IF, TF, DF, AC, NT. SYSCALL_KINDS (syscall.rs) says:
#     8*slot         fast: rax = the thread's value in that slot. No frame; the user's rsp serves as a register,
#                    which is sound because interrupts are off and NMI and #MC have stacks of their own.
#     1              lean: the frame is complete but for rbx rbp r12-r15 (and r11, which is rflags).
#     0              full frame.
# syscall_entry_intercepted  as syscall_entry, for threads whose calls are looked at first: always a full frame.
# entry_return_full  rdi = UserFrame at the top of the stack, interrupts off: to user mode, work first.
# entry_stubs        256 gates, 16 bytes apart; #DF, NMI and #MC lead to `paranoid`.
#
# Return: SYSRET where the frame is as SYSCALL left it, IRETQ otherwise. Neither can fault: a return address
# outside the lower half is turned into an exception while the kernel's GS is still in place (SYSRET would
# fault in ring 0 on the user's stack), segments are constants, and flags are masked.

.intel_syntax noprefix

.set PERCPU_USER_RSP, 8
.set PERCPU_CORE, 24
.set PERCPU_STACK_TOP, 36
.set CORE_WORK, 128
.set KINDS, 512
.set KIND_LEAN, 1

.set USER_CS, 0x33
.set USER_SS, 0x2b
.set USER_FLAGS, 0x254dd5
.set FLAG_IF, 0x200
.set FLAGS_NO_SYSRET, 0x10100   # RF, TF

# Offsets in UserFrame (frame.rs).
.set F_R15, 0
.set F_R14, 8
.set F_R13, 16
.set F_R12, 24
.set F_RBP, 32
.set F_RBX, 40
.set F_R11, 48
.set F_RCX, 88
.set F_ORIG_RAX, 120
.set F_RIP, 128
.set F_CS, 136
.set F_RFLAGS, 144
.set F_RSP, 152
.set F_SS, 160
.set F_SIZE, 168

.macro CLAC_SITE
9998:   .byte 0x0f, 0x1f, 0x00
        .pushsection .smap_sites, "a"
        .quad 9998b
        .quad 0xca010f
        .popsection
.endm

.macro PUSH_BELOW_RSI
        push rdx
        push rcx
        push rax
        push r8
        push r9
        push r10
        push r11
        push rbx
        push rbp
        push r12
        push r13
        push r14
        push r15
.endm

.macro POP_ALL
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbp
        pop rbx
        pop r11
        pop r10
        pop r9
        pop r8
        pop rax
        pop rcx
        pop rdx
        pop rsi
        pop rdi
.endm

# A UserFrame of what SYSCALL left, for the function called next.
.macro PUSH_FULL_FRAME
        mov rsp, gs:[PERCPU_STACK_TOP]
        push USER_SS
        push gs:[PERCPU_USER_RSP]
        push r11
        push USER_CS
        push rcx
        push rax
        push rdi
        push rsi
        PUSH_BELOW_RSI
        mov rdi, rsp
        sub rsp, 8
.endm

.text
.global syscall_entry
.type syscall_entry, @function
syscall_entry:
        swapgs
        mov gs:[PERCPU_USER_RSP], rsp
        cmp rax, KINDS
        jae syscall_full
        movzx esp, byte ptr [rax + SYSCALL_KINDS]
        cmp esp, KIND_LEAN
        jb syscall_full
        je syscall_lean
        mov rax, gs:[PERCPU_CORE]
        mov rax, [rsp + rax - 8]
        mov rsp, gs:[PERCPU_USER_RSP]
        swapgs
        sysretq

syscall_lean:
        mov rsp, gs:[PERCPU_STACK_TOP]
        push USER_SS
        push gs:[PERCPU_USER_RSP]
        push r11
        push USER_CS
        push rcx
        push rax
        push rdi
        push rsi
        push rdx
        push rcx
        push rax
        push r8
        push r9
        push r10
        sub rsp, 7 * 8 + 8              # r11 rbx rbp r12-r15, and alignment
        lea rdi, [rsp + 8]
        sti
        call syscall_dispatch
        cli
        mov rax, gs:[PERCPU_CORE]
        cmp dword ptr [rax + CORE_WORK], 0
        jne lean_work
        mov r11, [rsp + 8 + F_RFLAGS]
        add rsp, 7 * 8 + 8
        pop r10
        pop r9
        pop r8
        pop rax
        pop rcx
        pop rdx
        pop rsi
        pop rdi
        mov rsp, [rsp + F_RSP - F_ORIG_RAX]
        swapgs
        sysretq

lean_work:                              # complete the frame: work sees and changes all of it
        mov [rsp + 8 + F_R15], r15
        mov [rsp + 8 + F_R14], r14
        mov [rsp + 8 + F_R13], r13
        mov [rsp + 8 + F_R12], r12
        mov [rsp + 8 + F_RBP], rbp
        mov [rsp + 8 + F_RBX], rbx
        mov r11, [rsp + 8 + F_RFLAGS]
        mov [rsp + 8 + F_R11], r11
        jmp return_work

syscall_full:
        PUSH_FULL_FRAME
        sti
        call syscall_dispatch
        # falls through

# rsp = frame - 8. Interrupts may be on.
return_full:
        cli
        mov rax, gs:[PERCPU_CORE]
        cmp dword ptr [rax + CORE_WORK], 0
        je return_now
return_work:
        lea rdi, [rsp + 8]
        call user_return_work           # until no work is left; comes back with interrupts off
return_now:
        add rsp, 8
return_frame:
        and dword ptr [rsp + F_RFLAGS], USER_FLAGS
        or dword ptr [rsp + F_RFLAGS], FLAG_IF
        mov rcx, [rsp + F_RIP]
        mov rdx, rcx
        shr rdx, 47
        jnz return_outside
        cmp rcx, [rsp + F_RCX]
        jne return_iret
        mov rdx, [rsp + F_RFLAGS]
        cmp rdx, [rsp + F_R11]
        jne return_iret
        test edx, FLAGS_NO_SYSRET
        jnz return_iret
        POP_ALL
        mov rsp, [rsp + F_RSP - F_ORIG_RAX]
        swapgs
        sysretq

return_iret:
        mov qword ptr [rsp + F_CS], USER_CS
        mov qword ptr [rsp + F_SS], USER_SS
        POP_ALL
        add rsp, 8                      # orig_rax
        swapgs
        iretq

return_outside:
        mov rdi, rsp
        sub rsp, 8
        sti
        call user_return_outside
        jmp return_full
.size syscall_entry, . - syscall_entry

.global syscall_entry_intercepted
.type syscall_entry_intercepted, @function
syscall_entry_intercepted:
        swapgs
        mov gs:[PERCPU_USER_RSP], rsp
        PUSH_FULL_FRAME
        sti
        call syscall_intercepted
        jmp return_full
.size syscall_entry_intercepted, . - syscall_entry_intercepted

.global entry_return_full
.type entry_return_full, @function
entry_return_full:
        lea rsp, [rdi - 8]
        xor ebp, ebp
        jmp return_full
.size entry_return_full, . - entry_return_full

# The gates. Each pushes an error code where the CPU does not, and its vector.
        .balign 16
.global entry_stubs
entry_stubs:
.set vector, 0
.rept 256
        .balign 16
    .if vector == 2 || vector == 18
        push 0
        push vector
        jmp paranoid
    .elseif vector == 8
        push vector
        jmp paranoid
    .elseif vector == 10 || vector == 11 || vector == 12 || vector == 13 || vector == 14 || vector == 17 || vector == 21 || vector == 29 || vector == 30
        push vector
        jmp trap
    .else
        push 0
        push vector
        jmp trap
    .endif
    .set vector, vector + 1
.endr

# Stack: vector, error, rip, cs, rflags, rsp, ss.
        .balign 16
.type trap, @function
trap:
        test byte ptr [rsp + 3 * 8], 3
        jz trap_in_kernel
        swapgs
        cld
        CLAC_SITE
        xchg rdi, [rsp]                 # the vector's place is rdi's
        push rsi
        mov rsi, [rsp + 2 * 8]          # the error code's place is orig_rax's
        mov qword ptr [rsp + 2 * 8], -1
        PUSH_BELOW_RSI
        mov rdx, rsp
        sub rsp, 8
        call trap_from_user             # (vector, error, frame)
        jmp return_full

trap_in_kernel:
        cld
        xchg rdi, [rsp]
        push rsi
        mov rsi, [rsp + 2 * 8]
        PUSH_BELOW_RSI
        mov rdx, rsp
        sub rsp, 8
        CLAC_SITE                       # IRETQ brings back the interrupted code's AC
        call trap_from_kernel           # (vector, error, frame)
        add rsp, 8
        POP_ALL
        add rsp, 8
        iretq
.size trap, . - trap

# For what can come at any instruction, also between SWAPGS and its counterpart: GS is set to the block that is
# noted at the top of this entry's own stack, and set back to what it was.
.type paranoid, @function
paranoid:
        xchg rdi, [rsp]
        push rsi
        mov rsi, [rsp + 2 * 8]
        PUSH_BELOW_RSI
        cld
        CLAC_SITE
        mov ecx, 0xc0000101             # GS base
        rdmsr
        shl rdx, 32
        lea rbx, [rax + rdx]
        mov rax, [rsp + F_SIZE]         # where the stack pointer of this entry began
        mov rdx, rax
        shr rdx, 32
        wrmsr
        mov rdx, rsp
        sub rsp, 8
        call trap_paranoid              # (vector, error, frame)
        add rsp, 8
        mov ecx, 0xc0000101
        mov rax, rbx
        mov rdx, rbx
        shr rdx, 32
        wrmsr
        POP_ALL
        add rsp, 8
        iretq
.size paranoid, . - paranoid
.section .note.GNU-stack, "", @progbits
