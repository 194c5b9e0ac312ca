# Where every CPU but the first begins: from the real mode of its start-up interrupt to Rust.
#
# smp.rs copies the bytes from launch_begin to launch_end to a page below 1 MiB and fills the words at the end in:
#   launch_root    physical address (below 4 GiB) of a top table that maps that page where it is, and the kernel
#   launch_efer    the extended features to switch on: long mode, no-execute
#   launch_gdt     limit and physical address of the descriptors here
#   launch_far     physical address of the 64-bit part, and its segment
#   launch_stack, launch_entry, launch_argument
# The CPU comes with cs = page / 16, ip = 0, interrupts off. It leaves with  launch_entry(launch_argument [rdi])  in
# 64-bit mode on the stack whose end is launch_stack, rbp = 0.

.intel_syntax noprefix

.set PAE, 1 << 5
.set PAGING_AND_PROTECTION, 0x80000001
.set CACHE_OFF, 0x60000000
.set EFER, 0xc0000080
.set DATA_SEGMENT, 16

# Instructions that the assembler would not take in this form: 32-bit operands at a 16-bit address.
.macro LGDT32 address
        .byte 0x66, 0x0f, 0x01, 0x16
        .short \address - launch_begin
.endm
.macro JMP_FAR32 address
        .byte 0x66, 0xff, 0x2e
        .short \address - launch_begin
.endm

.section .rodata
        .balign 16
.global launch_begin, launch_end, launch_long, launch_descriptors
.global launch_root, launch_efer, launch_gdt, launch_far, launch_stack, launch_entry, launch_argument
.code16
launch_begin:
        cli
        cld
        mov ax, cs
        mov ds, ax
        LGDT32 launch_gdt
        mov eax, PAE
        mov cr4, eax
        mov eax, [launch_root - launch_begin]
        mov cr3, eax
        mov ecx, EFER
        xor edx, edx
        mov eax, [launch_efer - launch_begin]
        wrmsr
        mov eax, cr0
        and eax, ~CACHE_OFF
        or eax, PAGING_AND_PROTECTION
        mov cr0, eax
        JMP_FAR32 launch_far

.code64
launch_long:
        mov eax, DATA_SEGMENT
        mov ds, eax
        mov es, eax
        mov ss, eax
        xor eax, eax
        mov fs, eax
        mov gs, eax
        mov rsp, [rip + launch_stack]
        mov rdi, [rip + launch_argument]
        mov rax, [rip + launch_entry]
        xor ebp, ebp
        call rax
        ud2                             # the function never returns

        .balign 8
launch_descriptors:
        .quad 0
        .quad 0x00af9a000000ffff        # 64-bit code
        .quad 0x00cf92000000ffff        # data
launch_gdt:
        .short 3 * 8 - 1
        .long 0
        .balign 4
launch_far:
        .long 0
        .short 8
        .balign 8
launch_root:            .quad 0
launch_efer:            .quad 0
launch_stack:           .quad 0
launch_entry:           .quad 0
launch_argument:        .quad 0
launch_end:
.section .note.GNU-stack, "", @progbits
