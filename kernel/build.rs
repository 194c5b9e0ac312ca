//! Assembles the files that hold what Rust cannot say.

fn main() {
    let names = ["boot.S", "entry.S", "launch.S", "switch.S", "usercopy.S"];
    let files = names.map(|name| format!("src/arch/x86_64/{name}"));
    let mut build = cc::Build::new();
    build.flag("-ffreestanding").flag("-fno-pic").flag("-mcmodel=kernel").flag("-Wa,--noexecstack");
    // Debian's cc builds for the machine's own x86_64; there is no cross compiler to look for.
    build.compiler("cc").warnings(false);
    for file in &files {
        println!("cargo:rerun-if-changed={file}");
        build.file(file);
    }
    build.compile("exo_arch");
}
