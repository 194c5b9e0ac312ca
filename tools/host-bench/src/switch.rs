//! The kernel's context switch (`switch.S`, assembled by the build script) between stacks of this program.

extern "C" {
    /// Stores the current stack pointer (with the callee-saved registers pushed) in `*prev_rsp` and continues on the
    /// stack `next_rsp`.
    fn switch_context(prev_rsp: *mut usize, next_rsp: usize);
    fn thread_start();
}

const STACK_WORDS: usize = 8192;

/// A second flow of control that gives back at once whenever it is switched to.
#[derive(Debug)]
pub struct Partner {
    /// Where each of the two went on last: the caller's stack pointer, the partner's.
    pointers: Box<[usize; 2]>,
    _stack: Vec<u64>,
}

extern "C" fn give_back(pointers: *mut [usize; 2]) {
    loop {
        // SAFETY: `Partner::visit` lends the pointers for as long as this runs, and stored the first one just before.
        unsafe { switch_context(&raw mut (*pointers)[1], (*pointers)[0]) };
    }
}

impl Default for Partner {
    fn default() -> Self {
        Self::new()
    }
}

impl Partner {
    /// A partner on a stack of its own, which begins when it is visited for the first time.
    #[must_use]
    pub fn new() -> Self {
        let mut stack = vec![0_u64; STACK_WORDS];
        let mut pointers = Box::new([0; 2]);
        // What `switch_context` pops: r15, r14, r13, r12 (the argument), rbx (the function), rbp, the return address;
        // above it a word that keeps the stack aligned.
        let end = stack.as_ptr_range().end as usize & !0xf;
        let frame = (end - stack.as_ptr() as usize) / 8 - 8;
        stack[frame + 3] = (&raw mut *pointers) as u64;
        stack[frame + 4] = give_back as *const () as u64;
        stack[frame + 6] = thread_start as *const () as u64;
        pointers[1] = &raw const stack[frame] as usize;
        Self { pointers, _stack: stack }
    }

    /// There and back: two switches.
    #[inline]
    pub fn visit(&mut self) {
        let next = self.pointers[1];
        // SAFETY: `next` is a stack of the partner's own that was prepared by `new` or left by `give_back`'s switch,
        // which comes back here.
        unsafe { switch_context(&raw mut self.pointers[0], next) };
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn visits_come_back() {
        let mut partner = super::Partner::new();
        let before = partner.pointers[1];
        (0..1000).for_each(|_| partner.visit());
        assert_ne!(partner.pointers[1], before);
    }
}
