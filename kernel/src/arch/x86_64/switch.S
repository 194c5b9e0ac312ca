# Changing from one kernel stack to another.
#
# void switch_context(usize *prev_rsp [rdi], usize next_rsp [rsi])
#   Saves the callee-saved registers on the current stack, stores its pointer to *prev_rsp, and goes on with the
#   stack whose pointer was stored so before (or made by thread::init_kernel_stack). Interrupts are off on both
#   sides. Everything else (FPU, FS base, per-CPU thread pointer, address space) is the scheduler's business.
#
# thread_start: where a fresh stack goes on. rbx = function, r12 = its argument. Interrupts are still off.

.intel_syntax noprefix
.text

.global switch_context
.type switch_context, @function
switch_context:
        push rbp
        push rbx
        push r12
        push r13
        push r14
        push r15
        mov [rdi], rsp
        mov rsp, rsi
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbx
        pop rbp
        ret
.size switch_context, . - switch_context

.global thread_start
.type thread_start, @function
thread_start:
        xor ebp, ebp            # ends the backtrace
        mov rdi, r12
        call rbx
        ud2                     # the function never returns
.size thread_start, . - thread_start
.section .note.GNU-stack, "", @progbits
