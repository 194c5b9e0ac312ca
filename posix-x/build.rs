//! Builds the vDSO from `vdso/vdso.c`: an object by the C compiler, linked by the same into a shared library.

use std::path::PathBuf;
use std::process::Command;

fn main() {
    for file in ["vdso/vdso.c", "vdso/vdso.lds", "build.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut build = cc::Build::new();
    build.target("x86_64-unknown-linux-gnu").opt_level(2).pic(true).debug(false).cargo_metadata(false);
    build.flag("-ffreestanding").flag("-fno-stack-protector").flag("-fvisibility=default");
    build.flag("-fcf-protection=none").flag("-fno-builtin").flag("-mno-avx").flag("-fomit-frame-pointer");
    let objects = build.file("vdso/vdso.c").compile_intermediates();
    let mut link = build.get_compiler().to_command();
    link.args([
        "-nostdlib",
        "-shared",
        "-Wl,-soname=linux-vdso.so.1",
        "-Wl,--hash-style=both",
        "-Wl,-Bsymbolic",
    ]);
    link.args(["-Wl,--build-id=none", "-Wl,-z,max-page-size=4096", "-Wl,-T,vdso/vdso.lds", "-o"]);
    link.arg(out.join("vdso.so")).args(objects);
    run(&mut link);
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?} failed");
}
