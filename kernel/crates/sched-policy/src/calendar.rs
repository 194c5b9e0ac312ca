//! A queue in the order of virtual time.
//!
//! Time is cut into days, and a calendar has one list for each of the next 64: whoever comes later than that stands in
//! the last one, and is put off again when its day comes. Within a day first come is first served. So joining and
//! taking the first cost the same however many there are.

use crate::{Entity, List};

/// Nanoseconds of a day, as a power of two: about 4 ms.
const DAY: u32 = 22;
const DAYS: u64 = 64;

pub(crate) struct Calendar<E> {
    days: [List<E>; DAYS as usize],
    /// The lists that are not empty, by their index.
    occupied: u64,
    /// No list of an earlier day has anybody.
    today: u64,
}

fn day<E: Entity>(entity: E) -> u64 {
    entity.node().virtual_time.get() >> DAY
}

fn index(day: u64) -> usize {
    (day % DAYS) as usize
}

impl<E> Calendar<E> {
    pub const fn new() -> Self {
        Self { days: [const { List::new() }; DAYS as usize], occupied: 0, today: 0 }
    }

    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    /// The occupied days counted from today.
    #[inline]
    const fn ahead(&self) -> u64 {
        self.occupied.rotate_right((self.today % DAYS) as u32)
    }
}

impl<E: Entity> Calendar<E> {
    /// The day whose list `entity` belongs to. Begins the calendar earlier if need be and it has the room.
    #[inline]
    fn find_day(&mut self, entity: E) -> u64 {
        let day = day(entity);
        if self.is_empty() {
            self.today = day;
        } else if day < self.today {
            let last = self.today + (DAYS - 1) - u64::from(self.ahead().leading_zeros());
            self.today = day.max((last + 1).saturating_sub(DAYS));
        }
        day.clamp(self.today, self.today + (DAYS - 1))
    }

    #[inline]
    pub fn insert(&mut self, entity: E) {
        let index = index(self.find_day(entity));
        self.days[index].push_back(entity);
        self.occupied |= 1 << index;
    }

    /// Who comes first. Puts off those before whose day is a later one.
    #[inline]
    pub fn front(&mut self) -> Option<E> {
        while !self.is_empty() {
            self.today += u64::from(self.ahead().trailing_zeros());
            let front = self.days[index(self.today)].front()?;
            if day(front) <= self.today {
                return Some(front);
            }
            self.take_today();
            self.insert(front);
        }
        None
    }

    #[inline]
    fn take_today(&mut self) -> Option<E> {
        let here = index(self.today);
        let entity = self.days[here].pop_front();
        if self.days[here].is_empty() {
            self.occupied &= !(1 << here);
        }
        entity
    }

    /// Takes who comes first.
    #[inline]
    pub fn pop(&mut self) -> Option<E> {
        self.front()?;
        self.take_today()
    }

    /// All, more or less in their order.
    pub fn iter(&self) -> impl Iterator<Item = E> + '_ {
        (self.today..self.today + DAYS).flat_map(|day| self.days[index(day)].iter())
    }

    /// Takes `entity` out; false if it is not here.
    pub fn remove(&mut self, entity: E) -> bool {
        let Some(here) = (0..DAYS as usize).find(|&here| self.days[here].remove(entity)) else {
            return false;
        };
        if self.days[here].is_empty() {
            self.occupied &= !(1 << here);
        }
        true
    }
}
