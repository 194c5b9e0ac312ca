//! Assembles the kernel's own context switch, to be run in user mode.

fn main() {
    let source = "../../kernel/src/arch/x86_64/switch.S";
    println!("cargo::rerun-if-changed={source}");
    cc::Build::new().file(source).compile("switch");
}
