//! Writes newc cpio archives, the only kind that Linux takes as an initramfs.

/// One archive in the making.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
    inode: u32,
}

impl Writer {
    /// Adds a directory or a file; `mode` includes the type bits.
    pub fn add(&mut self, path: &str, mode: u32, data: &[u8]) {
        self.inode += 1;
        self.entry(path.trim_start_matches('/'), mode, self.inode, data);
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, 0, &[]);
        self.bytes
    }

    fn entry(&mut self, name: &str, mode: u32, inode: u32, data: &[u8]) {
        let size = u32::try_from(data.len()).expect("newc holds files below 4 GiB, callers add less");
        let name_size = u32::try_from(name.len() + 1).expect("paths are short");
        let fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08X}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(data);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_aligned_and_terminated() {
        let mut writer = Writer::default();
        writer.add("/exo", 0o040_755, b"");
        writer.add("/exo/x", 0o100_644, b"abc");
        let bytes = writer.finish();
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(&bytes[..6], b"070701");
        assert_eq!(&bytes[110..114], b"exo\0");
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("exo/x\0") && text.contains("abc") && text.contains("TRAILER!!!"));
    }
}
