//! The layer rules of docs/architecture.md, checked against what `cargo metadata` says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The layers, and for each the layers that its crates may use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Layer {
    Image,
    PosixX,
    Kernel,
    Abi,
    Pure,
    Tools,
}

impl Layer {
    fn of(manifest: &str) -> Option<Self> {
        let folder = manifest.strip_suffix("/Cargo.toml")?;
        Some(match folder {
            "kernel/image" => Self::Image,
            "kernel" => Self::Kernel,
            "posix-x" => Self::PosixX,
            "posix-x/abi" => Self::Abi,
            _ if folder.starts_with("kernel/crates/") => Self::Pure,
            _ if folder.starts_with("tools/") => Self::Tools,
            _ => return None,
        })
    }

    fn may_use(self) -> &'static [Self] {
        match self {
            Self::Image => &[Self::PosixX, Self::Kernel, Self::Abi, Self::Pure],
            Self::PosixX => &[Self::Kernel, Self::Abi, Self::Pure],
            Self::Kernel | Self::Pure => &[Self::Pure],
            Self::Abi => &[],
            Self::Tools => &[Self::Abi, Self::Pure, Self::Tools],
        }
    }
}

struct Member {
    layer: Layer,
    /// Names of the crates it needs, those for tests and build scripts left out.
    needs: BTreeSet<String>,
    folder: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .and_then(Path::parent)
        .expect("tools/exo lies two folders deep")
}

fn members() -> BTreeMap<String, Member> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps"])
        .current_dir(root())
        .output()
        .expect("cargo runs, it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let mut members = BTreeMap::new();
    for package in list(&metadata["packages"]) {
        let manifest = text(&package["manifest_path"]);
        let inner = manifest
            .strip_prefix(root().to_str().expect("a UTF-8 path"))
            .expect("a member")
            .trim_start_matches('/');
        let layer =
            Layer::of(inner).unwrap_or_else(|| panic!("{inner} belongs to no layer: add it to this test"));
        let needs = list(&package["dependencies"])
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| text(&dependency["name"]))
            .collect();
        let folder = inner.trim_end_matches("Cargo.toml").to_owned();
        members.insert(text(&package["name"]), Member { layer, needs, folder });
    }
    members
}

#[test]
fn dependencies_point_down() {
    let members = members();
    let mut wrong = Vec::new();
    for (name, member) in &members {
        for (need, layer) in member.needs.iter().filter_map(|need| Some((need, members.get(need)?.layer))) {
            if !member.layer.may_use().contains(&layer) {
                wrong.push(format!("{name} ({:?}) uses {need} ({layer:?})", member.layer));
            }
        }
    }
    assert!(wrong.is_empty(), "these dependencies point up:\n{}", wrong.join("\n"));
}

/// A pure crate has no hardware under it and no lock, static or clock in it.
#[test]
fn pure_crates_are_pure() {
    const FORBIDDEN: [&str; 6] = ["x86_64", "spin", "raw-cpuid", "lock_api", "uart_16550", "acpi"];
    let mut wrong = Vec::new();
    for (name, member) in members().iter().filter(|(_, member)| member.layer == Layer::Pure) {
        wrong.extend(
            FORBIDDEN
                .iter()
                .filter(|word| member.needs.contains(**word))
                .map(|word| format!("{name} uses {word}")),
        );
        let source =
            std::fs::read_to_string(root().join(&member.folder).join("src/lib.rs")).unwrap_or_default();
        if !source.contains("no_std") {
            wrong.push(format!("{name} is not no_std"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The native kernel knows nothing of Linux: no errno names, no crate of Linux bindings.
#[test]
fn kernel_knows_no_linux() {
    let members = members();
    let kernel = &members["exo-kernel"];
    for crate_name in ["linux-raw-sys", "libc", "posix-x-abi"] {
        assert!(!kernel.needs.contains(crate_name), "the kernel uses {crate_name}");
    }
    let mut wrong = Vec::new();
    visit(&root().join("kernel/src"), &mut |path, text| {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if names_a_call(code) || LINUX_WORDS.iter().any(|word| code.contains(word)) {
                wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    });
    assert!(wrong.is_empty(), "Linux words in the native kernel:\n{}", wrong.join("\n"));
}

const LINUX_WORDS: [&str; 5] = ["errno", "Errno", "ENOENT", "EINVAL", "EAGAIN"];

/// `SYS_read` and its like are numbers of system calls; `SYS_ADMIN` is not.
fn names_a_call(code: &str) -> bool {
    code.match_indices("SYS_")
        .any(|(at, word)| code[at + word.len()..].starts_with(|c: char| c.is_ascii_lowercase()))
}

fn visit(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).expect("a source folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            visit(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path, &std::fs::read_to_string(&path).expect("a source file is text"));
        }
    }
}
