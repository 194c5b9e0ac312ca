//! Who may have a deadline: as many as one CPU can serve.

use crate::{Reservation, REAL_TIME_PERIOD, REAL_TIME_SHARE};

/// The share of a CPU that a reservation takes, in units of 2⁻²⁰.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Utilisation(u64);

const ONE: u64 = 1 << 20;

impl Utilisation {
    /// What all reservations of a CPU may take together: 95 %.
    pub const LIMIT: Self = Self(ONE * (REAL_TIME_SHARE / 1000) / (REAL_TIME_PERIOD / 1000));

    /// The share that `reservation` takes, by its period.
    pub fn of(reservation: &Reservation) -> Self {
        let share = u128::from(reservation.runtime) * u128::from(ONE) / u128::from(reservation.period.max(1));
        Self(share.min(ONE.into()) as u64)
    }

    /// In thousandths of a CPU.
    pub fn per_mille(self) -> u64 {
        self.0 * 1000 / ONE
    }
}

/// What is reserved of one CPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bandwidth {
    reserved: u64,
}

impl Bandwidth {
    /// Nothing is reserved.
    pub const fn new() -> Self {
        Self { reserved: 0 }
    }

    /// What is reserved.
    pub const fn reserved(&self) -> Utilisation {
        Utilisation(self.reserved)
    }

    /// Does the sum stay below the limit when `more` is added and `less` taken away?
    pub fn has_room(&self, more: Utilisation, less: Utilisation) -> bool {
        self.reserved.saturating_sub(less.0) + more.0 <= Utilisation::LIMIT.0
    }

    /// Reserves.
    pub fn add(&mut self, more: Utilisation) {
        self.reserved += more.0;
    }

    /// Gives back.
    pub fn remove(&mut self, less: Utilisation) {
        self.reserved = self.reserved.saturating_sub(less.0);
    }
}
