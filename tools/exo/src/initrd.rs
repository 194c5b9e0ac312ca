//! The archive the guest starts from: the base tar with files added at its end.
//!
//! [`Initrd::tar`] is for Exo-OS, [`Initrd::cpio`] for the Linux yardstick. [`Listing`] knows the
//! paths of the base, to resolve program names and to add the folders that are missing.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cpio;

/// The paths of an archive, each with a leading slash.
#[derive(Default)]
pub struct Listing(BTreeSet<String>);

impl Listing {
    pub fn contains(&self, path: &str) -> bool {
        self.0.contains(path.trim_end_matches('/'))
    }
}

impl<'a> FromIterator<&'a str> for Listing {
    fn from_iter<I: IntoIterator<Item = &'a str>>(paths: I) -> Self {
        Self(paths.into_iter().map(absolute).collect())
    }
}

/// `./bin/x`, `bin/x/` and `/bin/x` are all `/bin/x`.
fn absolute(path: &str) -> String {
    let inner = path.trim_start_matches("./").trim_matches('/');
    format!("/{}", if inner == "." { "" } else { inner })
}

struct Addition {
    path: String,
    mode: u32,
    data: Vec<u8>,
}

/// What the caller wants in the guest beside the base.
#[derive(Default)]
pub struct Initrd {
    additions: Vec<Addition>,
}

impl Initrd {
    pub fn add(&mut self, path: &str, mode: u32, data: impl Into<Vec<u8>>) {
        self.additions.push(Addition { path: absolute(path), mode, data: data.into() });
    }

    pub fn add_file(&mut self, host: &Path, path: &str) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let context = || format!("can't read {}", host.display());
        let data = std::fs::read(host).with_context(context)?;
        let mode = std::fs::metadata(host).with_context(context)?.permissions().mode() & 0o777;
        self.add(path, mode | 0o444, data);
        Ok(())
    }

    /// The folders above the additions that `base` lacks, outermost first.
    fn missing_folders(&self, base: &Listing) -> BTreeSet<String> {
        let mut folders = BTreeSet::new();
        for addition in &self.additions {
            for folder in Path::new(&addition.path).ancestors().skip(1) {
                let folder = folder.to_string_lossy().into_owned();
                if folder != "/" && !base.contains(&folder) {
                    folders.insert(folder);
                }
            }
        }
        folders
    }

    /// `base` (a tar) and the additions behind it, as one tar.
    pub fn tar(&self, base: &[u8]) -> Result<Vec<u8>> {
        let (listing, end) = scan(base)?;
        let mut bytes = base[..end].to_vec();
        bytes.reserve(self.additions.iter().map(|addition| addition.data.len() + 1024).sum());
        let mut builder = tar::Builder::new(&mut bytes);
        for folder in self.missing_folders(&listing) {
            let mut header = header(0o755, 0);
            header.set_entry_type(tar::EntryType::Directory);
            builder.append_data(&mut header, format!(".{folder}/"), &[][..])?;
        }
        for addition in &self.additions {
            let mut header = header(addition.mode, addition.data.len());
            builder.append_data(&mut header, format!(".{}", addition.path), &addition.data[..])?;
        }
        builder.finish()?;
        drop(builder);
        Ok(bytes)
    }

    /// `base` (a compressed cpio) with a second cpio behind it, which Linux unpacks over the first.
    pub fn cpio(&self, base: &[u8], listing: &Listing) -> Vec<u8> {
        let mut writer = cpio::Writer::default();
        for folder in self.missing_folders(listing) {
            writer.add(&folder, 0o040_755, &[]);
        }
        for addition in &self.additions {
            writer.add(&addition.path, 0o100_000 | addition.mode, &addition.data);
        }
        let mut bytes = base.to_vec();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(writer.finish());
        bytes
    }
}

fn header(mode: u32, size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1_700_000_000);
    header.set_size(size as u64);
    header
}

/// The paths in a tar, and where its last entry ends.
pub fn scan(bytes: &[u8]) -> Result<(Listing, usize)> {
    let mut archive = tar::Archive::new(bytes);
    let mut paths = BTreeSet::new();
    let mut end = 0;
    for entry in archive.entries()? {
        let entry = entry.context("the initramfs is not a whole tar archive")?;
        let size = if entry.header().entry_type().is_file() { entry.size() } else { 0 };
        end = usize::try_from(entry.raw_file_position() + size)?.next_multiple_of(512);
        paths.insert(absolute(&entry.path()?.to_string_lossy()));
    }
    Ok((Listing(paths), end.min(bytes.len())))
}

/// Reads the base: a tar, or a folder that is packed on the spot.
pub fn read_base(path: &Path) -> Result<Vec<u8>> {
    let context = || format!("can't read the initramfs {}", path.display());
    if path.is_dir() {
        let mut builder = tar::Builder::new(Vec::new());
        builder.follow_symlinks(false);
        builder.append_dir_all(".", path).with_context(context)?;
        return builder.into_inner().with_context(context);
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).with_context(context)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Vec<u8> {
        let mut initrd = Initrd::default();
        initrd.add("/bin/busybox", 0o755, vec![7; 700]);
        initrd.tar(&[]).unwrap()
    }

    #[test]
    fn merged_tar_has_both() {
        let mut more = Initrd::default();
        more.add("/exo/argv", 0o644, "a\0b\0");
        more.add("/bin/other", 0o755, "x");
        let merged = more.tar(&base()).unwrap();
        let mut archive = tar::Archive::new(&merged[..]);
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|e| absolute(&e.unwrap().path().unwrap().to_string_lossy()))
            .collect();
        assert_eq!(names, ["/bin", "/bin/busybox", "/exo", "/exo/argv", "/bin/other"]);
        assert_eq!(merged.len() % 512, 0);
    }

    #[test]
    fn later_files_replace_earlier_ones_by_position() {
        let mut more = Initrd::default();
        more.add("/bin/busybox", 0o755, "new");
        let merged = more.tar(&base()).unwrap();
        let mut last = Vec::new();
        for entry in tar::Archive::new(&merged[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            last.clear();
            entry.read_to_end(&mut last).unwrap();
        }
        assert_eq!(last, b"new");
    }

    #[test]
    fn names_are_normalised() {
        let listing = Listing::from_iter(["./bin/", "sbin", "./"]);
        assert!(listing.contains("/bin") && listing.contains("/sbin/") && !listing.contains("/x"));
    }

    #[test]
    fn damaged_base_is_an_error() {
        assert!(scan(&[0x55; 1024]).is_err());
        assert_eq!(scan(&[]).unwrap().1, 0);
    }
}
