//! Mount options of tmpfs(5): `size`, `nr_blocks`, `nr_inodes`, `mode`, `uid`, `gid`.

use alloc::format;
use alloc::vec::Vec;

use crate::mm::frame;
use crate::{Kind, Result};

/// The options of an instance.
#[derive(Clone, Debug)]
pub struct Options {
    /// 0 is no limit, here and in the next.
    pub max_pages: u64,
    pub max_inodes: u64,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
}

/// Half of the memory, for contents and, in numbers, for inodes.
impl Default for Options {
    fn default() -> Self {
        let half = frame::total_frames() as u64 / 2;
        Self { max_pages: half, max_inodes: half, mode: 0o1777, uid: 0, gid: 0 }
    }
}

impl Options {
    /// No limits; for the superuser alone to write into.
    pub const fn unlimited() -> Self {
        Self { max_pages: 0, max_inodes: 0, mode: 0o755, uid: 0, gid: 0 }
    }

    /// Reads `name=value,…`. [`Kind::Invalid`] for what is not known.
    pub fn parse(&mut self, text: &[u8]) -> Result<()> {
        for option in text.split(|&byte| byte == b',').filter(|option| !option.is_empty()) {
            let text = core::str::from_utf8(option).map_err(|_| Kind::Invalid)?;
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            self.set(name, value)?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let decimal = || value.parse::<u32>().map_err(|_| Kind::Invalid);
        match name {
            "size" => self.max_pages = bytes_or_percent(value)?.div_ceil(4096),
            "nr_blocks" => self.max_pages = scaled(value)?,
            "nr_inodes" => self.max_inodes = scaled(value)?,
            "mode" => self.mode = u32::from_str_radix(value, 8).map_err(|_| Kind::Invalid)? & 0o7777,
            "uid" => self.uid = decimal()?,
            "gid" => self.gid = decimal()?,
            // Where pages come from is not for us to say, but programs may ask.
            "huge" | "mpol" | "inode32" | "inode64" => {}
            _ => return Err(Kind::Invalid.into()),
        }
        Ok(())
    }

    /// As `/proc/mounts` shows them.
    pub fn show(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let default = Self::default();
        if self.max_pages != 0 && self.max_pages != default.max_pages {
            text.extend(format!(",size={}k", self.max_pages * 4).into_bytes());
        }
        if self.max_inodes != 0 && self.max_inodes != default.max_inodes {
            text.extend(format!(",nr_inodes={}", self.max_inodes).into_bytes());
        }
        if self.mode != 0o1777 {
            text.extend(format!(",mode={:03o}", self.mode).into_bytes());
        }
        if self.uid != 0 {
            text.extend(format!(",uid={}", self.uid).into_bytes());
        }
        if self.gid != 0 {
            text.extend(format!(",gid={}", self.gid).into_bytes());
        }
        text
    }
}

/// `64`, `64k`, `64m`, `64g`, `64t`.
fn scaled(value: &str) -> Result<u64> {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| Kind::Invalid)?;
    let shift = match value[digits.len()..].to_ascii_lowercase().as_str() {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(Kind::Invalid.into()),
    };
    number.checked_mul(1 << shift).ok_or(Kind::Invalid.into())
}

fn bytes_or_percent(value: &str) -> Result<u64> {
    let Some(percent) = value.strip_suffix('%') else { return scaled(value) };
    let percent: u64 = percent.parse().map_err(|_| Kind::Invalid)?;
    let memory = frame::total_frames() as u64 * 4096;
    memory.checked_mul(percent).map(|bytes| bytes / 100).ok_or(Kind::Invalid.into())
}
