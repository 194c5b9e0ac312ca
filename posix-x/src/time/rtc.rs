//! `/dev/rtc0`: the battery-backed clock, as far as `hwclock` reads it (rtc(4)). It is not set from here.

use alloc::sync::Arc;

use exo_kernel::user::{IoDest, IoSource, UserPtr};
use exo_kernel::vfs::{devfs, DeviceNumber, File, Io, NewNode};
use exo_kernel::{arch, Kind, Result};

const RTC_RD_TIME: u32 = 0x8024_7009;
/// The number that Linux gives it where nothing else asked for one before.
const NUMBER: DeviceNumber = DeviceNumber::new(252, 0);
const DAY: i64 = 24 * 60 * 60;

struct Clock;

/// `struct rtc_time`: seconds, minutes, hours, day, month from 0, years since 1900, weekday, and two
/// fields that stay 0 (day of the year, summer time).
fn calendar(seconds: i64) -> [i32; 9] {
    let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    // Counted from 0000-03-01, so that the leap day is a year's last, and in eras of 400 years.
    let from_march = days + 719_468;
    let (era, day_of_era) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 2 } else { month_from_march - 10 };
    let year = year_of_era + era * 400 + i64::from(month < 2);
    [rest % 60, rest / 60 % 60, rest / 3600, day, month, year - 1900, (days + 4).rem_euclid(7), 0, 0]
        .map(|field| field as i32)
}

impl File for Clock {
    fn read(&self, _dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        // Its interrupts are what one reads there; none is ever asked for.
        Err(Kind::WouldBlock.into())
    }
    fn write(&self, _source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        Err(Kind::Invalid.into())
    }
    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        if request != RTC_RD_TIME {
            return Err(Kind::NotTerminal.into());
        }
        UserPtr::new(argument).write(&calendar(arch::rtc_read()))?;
        Ok(0)
    }
}

/// Registers the device.
pub fn init() -> Result<()> {
    let clock: Arc<dyn File> = Arc::new(Clock);
    devfs::register(b"rtc0", NewNode::CharDevice(NUMBER), 0o600, Arc::new(devfs::Plain(clock)))?;
    devfs::link(b"rtc", b"rtc0")
}
