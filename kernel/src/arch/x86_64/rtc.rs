//! The battery-backed clock (Motorola MC146818 data sheet), read at boot and when a program asks for it.

use super::pio::{inb, outb};
use crate::sync::SpinLock;

const SECONDS: u8 = 0x00;
const MINUTES: u8 = 0x02;
const HOURS: u8 = 0x04;
const DAY: u8 = 0x07;
const MONTH: u8 = 0x08;
const YEAR: u8 = 0x09;
const STATUS_A: u8 = 0x0a;
const STATUS_B: u8 = 0x0b;
const UPDATE_IN_PROGRESS: u8 = 0x80;
const MODE_BINARY: u8 = 0x04;
const MODE_24_HOURS: u8 = 0x02;
const AFTERNOON: u8 = 0x80;
const FIELDS: [u8; 6] = [SECONDS, MINUTES, HOURS, DAY, MONTH, YEAR];
/// Reads before giving up on a clock that always claims to be updating (there is none, then).
const PATIENCE: u32 = 10_000;

fn read_register(register: u8) -> u8 {
    // SAFETY: the CMOS index and data ports do not touch memory; the NMI mask bit stays clear.
    unsafe {
        outb(0x70, register);
        inb(0x71)
    }
}

fn read_fields() -> Option<[u8; 6]> {
    let mut waits = 0;
    while read_register(STATUS_A) & UPDATE_IN_PROGRESS != 0 {
        waits += 1;
        if waits > PATIENCE {
            return None;
        }
    }
    Some(FIELDS.map(read_register))
}

/// Days from 1970-01-01 to this date of the Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day last.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// Seconds since 1970-01-01 00:00 UTC by the clock, or 0 if there is none.
pub fn rtc_read() -> i64 {
    // A register is chosen by one port and read by another: one reader at a time.
    static READING: SpinLock<()> = SpinLock::new(());
    let _reading = READING.lock();
    // Two equal readings: none was torn by an update.
    let Some(mut fields) = read_fields() else { return 0 };
    loop {
        let Some(again) = read_fields() else { return 0 };
        if again == fields {
            break;
        }
        fields = again;
    }
    let mode = read_register(STATUS_B);
    let number =
        |value: u8| i64::from(if mode & MODE_BINARY != 0 { value } else { (value >> 4) * 10 + (value & 15) });
    let [second, minute, hour, day, month, year] = fields;
    let mut hour_of_day = number(hour & !AFTERNOON);
    if mode & MODE_24_HOURS == 0 {
        hour_of_day = hour_of_day % 12 + if hour & AFTERNOON != 0 { 12 } else { 0 };
    }
    let days = days_since_epoch(2000 + number(year), number(month), number(day));
    ((days * 24 + hour_of_day) * 60 + number(minute)) * 60 + number(second)
}
