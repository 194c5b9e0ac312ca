# User memory access.
#
# All functions follow the System V convention. Each opens user memory (STAC) where the CPU has SMAP and closes
# it (CLAC) before it returns, also after a fault: the trap handler continues at the address that .ex_table
# gives for the faulting instruction, with all registers as they were. STAC and CLAC are three-byte NOPs until
# `usercopy_enable_smap` patches them in (the sites are listed in .smap_sites).
#
# Instructions count more than cycles here (an iteration of `rep` is one), hence eight bytes at a time.

.intel_syntax noprefix
.text

.macro STAC_SITE
9998:   .byte 0x0f, 0x1f, 0x00
        .pushsection .smap_sites, "a"
        .quad 9998b
        .quad 0xcb010f
        .popsection
.endm
.macro CLAC_SITE
9998:   .byte 0x0f, 0x1f, 0x00
        .pushsection .smap_sites, "a"
        .quad 9998b
        .quad 0xca010f
        .popsection
.endm
.macro FIXUP at, to
        .pushsection .ex_table, "a"
        .quad \at, \to
        .popsection
.endm

# usize usercopy_copy(u8 *dst [rdi], const u8 *src [rsi], usize len [rdx]): bytes not copied.
.global usercopy_copy
.type usercopy_copy, @function
usercopy_copy:
        STAC_SITE
        cmp rdx, 8
        jb 3f
        mov rcx, rdx
        shr rcx, 3
1:      rep movsq
        and edx, 7
        jz 4f
3:      mov ecx, edx
2:      rep movsb
4:      CLAC_SITE
        xor eax, eax
        ret
5:      # Fault among the quadwords: the bytes before the fault still go, one by one.
        and edx, 7
        lea rcx, [rdx + rcx * 8]
6:      rep movsb
7:      CLAC_SITE
        mov rax, rcx
        ret
        FIXUP 1b, 5b
        FIXUP 2b, 7b
        FIXUP 6b, 7b
.size usercopy_copy, . - usercopy_copy

# usize usercopy_clear(u8 *dst [rdi], usize len [rsi]): bytes not cleared.
.global usercopy_clear
.type usercopy_clear, @function
usercopy_clear:
        STAC_SITE
        xor eax, eax
        mov rcx, rsi
        shr rcx, 3
        and esi, 7
1:      rep stosq
        mov ecx, esi
2:      rep stosb
        CLAC_SITE
        ret
3:      lea rcx, [rsi + rcx * 8]
4:      rep stosb
5:      CLAC_SITE
        mov rax, rcx
        ret
        FIXUP 1b, 3b
        FIXUP 2b, 5b
        FIXUP 4b, 5b
.size usercopy_clear, . - usercopy_clear

# isize usercopy_string(u8 *dst [rdi], const u8 *src [rsi], usize len [rdx]):
# the length without NUL, `len` if there was none, -1 after a fault. Eight bytes at a time where `src` is
# aligned: an aligned word never crosses into the next page, so it faults only if its first byte does.
.global usercopy_string
.type usercopy_string, @function
usercopy_string:
        STAC_SITE
        xor ecx, ecx
        mov r8, 0x0101010101010101
        mov r9, 0x8080808080808080
1:      cmp rcx, rdx
        jae 5f
        lea rax, [rsi + rcx]
        test al, 7
        jnz 2f
        lea rax, [rcx + 8]
        cmp rax, rdx
        ja 2f
8:      mov rax, [rsi + rcx]
        mov r10, rax
        mov r11, rax
        sub r10, r8
        not r11
        and r10, r11
        and r10, r9
        jnz 4f
        mov [rdi + rcx], rax
        add rcx, 8
        jmp 1b
4:      # A NUL is in this word, at the lowest set flag bit.
        bsf r10, r10
        shr r10d, 3
        mov [rdi + rcx], rax
        lea rcx, [rcx + r10]
        jmp 5f
2:      mov al, [rsi + rcx]
        mov [rdi + rcx], al
        test al, al
        jz 5f
        inc rcx
        jmp 1b
5:      CLAC_SITE
        mov rax, rcx
        ret
6:      CLAC_SITE
        mov rax, -1
        ret
        FIXUP 8b, 6b
        FIXUP 2b, 6b
.size usercopy_string, . - usercopy_string

# usize usercopy_cmpxchg32(u32 *address [rdi], u32 old [esi], u32 new [edx], u32 *found [rcx]): 0, or 1 after a fault.
.global usercopy_cmpxchg32
.type usercopy_cmpxchg32, @function
usercopy_cmpxchg32:
        mov eax, esi
        STAC_SITE
1:      lock cmpxchg [rdi], edx
        CLAC_SITE
        mov [rcx], eax
        xor eax, eax
        ret
2:      CLAC_SITE
        mov eax, 1
        ret
        FIXUP 1b, 2b
.size usercopy_cmpxchg32, . - usercopy_cmpxchg32
.section .note.GNU-stack, "", @progbits
