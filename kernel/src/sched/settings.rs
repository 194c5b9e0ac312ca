//! What a program asked for about how its threads are scheduled.

/// Scheduling policies, with the numbers that POSIX systems use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SchedPolicy {
    /// By prediction.
    #[default]
    Normal = 0,
    /// Real time, until it sleeps.
    Fifo = 1,
    /// Real time, taking turns.
    RoundRobin = 2,
    /// Computes in the background.
    Batch = 3,
    /// Only when nobody else wants to.
    Idle = 5,
}

/// What a program asked for. The policy of this kernel predicts by itself and does not look at it yet, except
/// that children inherit it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SchedSettings {
    /// The policy.
    pub policy: SchedPolicy,
    /// The priority within a real-time policy, else 0.
    pub priority: i32,
    /// −20 (wants much) to 19 (is modest).
    pub nice: i32,
    /// New threads start with the defaults.
    pub reset_on_fork: bool,
}

impl SchedSettings {
    /// What a new thread starts with.
    pub fn inherited(self) -> Self {
        if !self.reset_on_fork {
            return self;
        }
        let real_time = matches!(self.policy, SchedPolicy::Fifo | SchedPolicy::RoundRobin);
        Self {
            policy: if real_time { SchedPolicy::Normal } else { self.policy },
            priority: 0,
            nice: if real_time { 0 } else { self.nice.max(0) },
            reset_on_fork: false,
        }
    }
}
