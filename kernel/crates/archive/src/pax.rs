//! pax extended headers: records that say better what a header cannot (POSIX pax, "Extended Header Keywords").

use alloc::borrow::Cow;

use crate::Problem;

/// Values that replace those of the header.
#[derive(Clone, Debug, Default)]
pub struct Overrides<'a> {
    pub path: Option<Cow<'a, [u8]>>,
    pub link: Option<Cow<'a, [u8]>>,
    pub size: Option<u64>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub modified: Option<(i64, u32)>,
}

impl<'a> Overrides<'a> {
    /// Reads records `LENGTH KEY=VALUE\n`. Unknown keys are ignored.
    pub fn read(&mut self, mut records: &'a [u8]) -> Result<(), Problem> {
        while !records.is_empty() && records[0] != 0 {
            let space = records.iter().position(|&byte| byte == b' ').ok_or(Problem::PaxRecord)?;
            let length = decimal(&records[..space]).ok_or(Problem::PaxRecord)?;
            let length = usize::try_from(length).map_err(|_| Problem::PaxRecord)?;
            let record = records.get(space + 1..length).ok_or(Problem::PaxRecord)?;
            let record = record.strip_suffix(b"\n").ok_or(Problem::PaxRecord)?;
            let equals = record.iter().position(|&byte| byte == b'=').ok_or(Problem::PaxRecord)?;
            self.set(&record[..equals], &record[equals + 1..])?;
            records = &records[length..];
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &'a [u8]) -> Result<(), Problem> {
        let number = || decimal(value).ok_or(Problem::PaxRecord);
        let small = || u32::try_from(number()?).map_err(|_| Problem::PaxRecord);
        match key {
            b"path" => self.path = Some(Cow::Borrowed(value)),
            b"linkpath" => self.link = Some(Cow::Borrowed(value)),
            b"size" => self.size = Some(number()?),
            b"uid" => self.uid = Some(small()?),
            b"gid" => self.gid = Some(small()?),
            b"mtime" => self.modified = Some(time(value).ok_or(Problem::PaxRecord)?),
            _ => {}
        }
        Ok(())
    }

    /// These values, and where there is none, those of `other`.
    pub fn or(self, other: &Self) -> Self {
        Self {
            path: self.path.or_else(|| other.path.clone()),
            link: self.link.or_else(|| other.link.clone()),
            size: self.size.or(other.size),
            uid: self.uid.or(other.uid),
            gid: self.gid.or(other.gid),
            modified: self.modified.or(other.modified),
        }
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// Seconds with a fraction, perhaps negative.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let mut parts = text.splitn(2, |&byte| byte == b'.');
    let seconds = i64::try_from(decimal(parts.next()?)?).ok()?;
    let mut nanoseconds = 0;
    let mut unit = 100_000_000;
    for &digit in parts.next().unwrap_or_default() {
        if !digit.is_ascii_digit() {
            return None;
        }
        nanoseconds += u32::from(digit - b'0') * unit;
        unit /= 10;
    }
    Some(match (negative, nanoseconds) {
        (false, _) => (seconds, nanoseconds),
        (true, 0) => (-seconds, 0),
        (true, _) => (-seconds - 1, 1_000_000_000 - nanoseconds),
    })
}
