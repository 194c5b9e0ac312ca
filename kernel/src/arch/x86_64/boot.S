# Power-on to Rust.
#
# Two entries, both in 32-bit protected mode without paging, with flat segments:
#   pvh_start         (the PVH note; QEMU's -kernel)   ebx = physical address of the start information
#   multiboot2_start  (the ELF entry; GRUB)            ebx = physical address of the boot information
# Both lead to  kernel_main(u32 loader [edi], u32 information [esi])  in 64-bit mode, at the kernel's linked
# address, on the boot stack, interrupts off, rbp = 0. The first 4 GiB of physical memory are then mapped by
# 2 MiB pages at 0, at PHYS_MAP, and (its first GiB) at KERNEL. `boot.rs` replaces these tables.
#
# The page tables are in .bss and named, because boot.rs goes on with them.

.intel_syntax noprefix

.set KERNEL, 0xffffffff80000000
.set LOADER_PVH, 1
.set LOADER_MULTIBOOT2, 2
.set PRESENT_WRITABLE, 0x3
.set PRESENT_WRITABLE_LARGE, 0x83
.set PHYS_MAP_SLOT, 272         # PHYS_MAP's entry in the top table
.set KERNEL_TOP_SLOT, 511       # KERNEL's
.set KERNEL_GIB_SLOT, 510       # and in the table below
.set BOOT_STACK_SIZE, 0x18000

.section .note.pvh, "a", @note
        .balign 4
        .long 4                 # size of the name
        .long 4                 # size of the address
        .long 18                # XEN_ELFNOTE_PHYS32_ENTRY
        .asciz "Xen"
        .long pvh_start - KERNEL

.section .boot, "ax"
        .balign 8
multiboot2_header:
        .long 0xe85250d6        # magic
        .long 0                 # architecture: i386, protected mode
        .long multiboot2_header_end - multiboot2_header
        .long -(0xe85250d6 + multiboot2_header_end - multiboot2_header)
        # Entry address: the physical one.
        .short 3, 0
        .long 12
        .long multiboot2_start - KERNEL
        .long 0
        # Modules on page boundaries.
        .short 6, 0
        .long 8
        .short 0, 0
        .long 8
multiboot2_header_end:

.code32
.global multiboot2_start
multiboot2_start:
        mov edi, LOADER_MULTIBOOT2
        jmp start
pvh_start:
        mov edi, LOADER_PVH
start:
        cli
        cld
        mov esi, ebx
        # Loaders clear .bss, but in a small machine QEMU puts the initrd over its end.
        mov ebp, edi
        mov edi, offset __bss_start - KERNEL
        mov ecx, offset __data_end - KERNEL
        sub ecx, edi
        shr ecx, 2
        xor eax, eax
        rep stosd
        mov edi, ebp
        mov esp, offset boot_stack_top - KERNEL

        # Is this a 64-bit CPU?
        mov eax, 0x80000000
        cpuid
        cmp eax, 0x80000001
        jb too_old
        mov eax, 0x80000001
        cpuid
        bt edx, 29
        jnc too_old

        # 4 GiB in 2 MiB pages.
        mov edx, offset boot_page_directories - KERNEL
        mov eax, PRESENT_WRITABLE_LARGE
        mov ecx, 4 * 512
1:      mov [edx], eax
        mov dword ptr [edx + 4], 0
        add eax, 0x200000
        add edx, 8
        dec ecx
        jnz 1b

        mov edx, offset boot_phys_gibs - KERNEL
        mov eax, offset boot_page_directories - KERNEL + PRESENT_WRITABLE
        mov ecx, 4
2:      mov [edx], eax
        add eax, 0x1000
        add edx, 8
        dec ecx
        jnz 2b

        mov dword ptr [boot_kernel_gibs - KERNEL + KERNEL_GIB_SLOT * 8], offset boot_page_directories - KERNEL + PRESENT_WRITABLE
        mov dword ptr [boot_top_table - KERNEL], offset boot_phys_gibs - KERNEL + PRESENT_WRITABLE
        mov dword ptr [boot_top_table - KERNEL + PHYS_MAP_SLOT * 8], offset boot_phys_gibs - KERNEL + PRESENT_WRITABLE
        mov dword ptr [boot_top_table - KERNEL + KERNEL_TOP_SLOT * 8], offset boot_kernel_gibs - KERNEL + PRESENT_WRITABLE

        mov eax, cr4
        or eax, 1 << 5          # PAE
        mov cr4, eax
        mov eax, offset boot_top_table - KERNEL
        mov cr3, eax
        mov ecx, 0xc0000080     # EFER
        rdmsr
        or eax, 1 << 8          # long mode
        wrmsr
        mov eax, cr0
        or eax, 0x80000001      # paging, protected mode
        mov cr0, eax
        lgdt [boot_gdt_pointer - KERNEL]
        .byte 0xea              # far jump to the 64-bit segment
        .long start64 - KERNEL
        .short 8

too_old:
        mov ecx, offset too_old_text - KERNEL
        mov edx, 0x3f8
3:      mov al, [ecx]
        test al, al
        jz 4f
        out dx, al
        inc ecx
        jmp 3b
4:      hlt
        jmp 4b
too_old_text:
        .asciz "Exo-OS needs a 64-bit CPU (x86_64); this one is not.\r\n"

.code64
start64:
        movabs rax, offset start_high
        jmp rax

        .balign 8
boot_gdt:
        .quad 0
        .quad 0x00af9a000000ffff        # 64-bit code
        .quad 0x00cf92000000ffff        # data
boot_gdt_pointer:
        .short boot_gdt_pointer - boot_gdt - 1
        .long boot_gdt - KERNEL

.text
start_high:
        mov eax, 16
        mov ds, eax
        mov es, eax
        mov ss, eax
        xor eax, eax
        mov fs, eax
        mov gs, eax
        mov rsp, offset boot_stack_top
        xor ebp, ebp
        call kernel_main
        ud2

.bss
        .balign 4096
.global boot_top_table, boot_phys_gibs, boot_kernel_gibs, boot_page_directories, boot_stack_top
boot_top_table:         .skip 4096
boot_phys_gibs:         .skip 4096
boot_kernel_gibs:       .skip 4096
boot_page_directories:  .skip 4 * 4096
boot_stack:             .skip BOOT_STACK_SIZE
boot_stack_top:

# The symbol table's place until the table is put in (see kernel/image/add-symbols).
.section .symbols, "a", @progbits
        .balign 16
        .quad 0
.section .note.GNU-stack, "", @progbits
