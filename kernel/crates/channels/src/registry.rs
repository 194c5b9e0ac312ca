//! Channels by name, with permissions on the name.

use alloc::collections::TryReserveError;
use alloc::string::String;
use alloc::vec::Vec;

use bitflags::bitflags;

/// Bytes of the longest name.
pub const LONGEST_NAME: usize = 255;

bitflags! {
    /// What may be done with a channel.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Rights: u8 {
        /// Attach the sending end.
        const SEND = 1;
        /// Attach the receiving end.
        const RECEIVE = 2;
        /// Remove the name, or change its permissions.
        const MANAGE = 4;
    }
}

/// Who asks: an identity, and the groups that it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// Its number.
    pub user: u32,
    /// Its own group.
    pub group: u32,
    /// Further groups that it belongs to.
    pub groups: &'a [u32],
    /// May it do everything?
    pub privileged: bool,
}

/// Who may do what with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permissions {
    /// Whose it is; always allowed [`Rights::MANAGE`].
    pub user: u32,
    /// A group.
    pub group: u32,
    /// What the owner may do.
    pub owner: Rights,
    /// What members of the group may do who are not the owner.
    pub members: Rights,
    /// What all others may do.
    pub others: Rights,
}

impl Permissions {
    /// The rights of one who asks: those of the first description that fits, as with files.
    #[must_use]
    pub fn of(&self, principal: &Principal<'_>) -> Rights {
        if principal.privileged {
            Rights::all()
        } else if principal.user == self.user {
            self.owner | Rights::MANAGE
        } else if principal.group == self.group || principal.groups.contains(&self.group) {
            self.members
        } else {
            self.others
        }
    }
}

/// Why the registry refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameError {
    /// Empty, too long, or with a zero byte.
    Invalid,
    /// Somebody has it.
    Taken,
    /// Nobody has it.
    Unknown,
    /// Not allowed.
    Denied,
    /// There are as many names as there may be.
    TooMany,
    /// No memory.
    NoMemory,
}

impl From<TryReserveError> for NameError {
    fn from(_: TryReserveError) -> Self {
        Self::NoMemory
    }
}

#[derive(Debug)]
struct Entry<T> {
    name: String,
    channel: T,
    permissions: Permissions,
}

/// Names and what they mean.
///
/// ```
/// use channels::registry::{NameError, Permissions, Principal, Registry, Rights};
///
/// let mut registry = Registry::new(100);
/// let permissions = Permissions {
///     user: 1000, group: 10, owner: Rights::all(), members: Rights::SEND, others: Rights::empty(),
/// };
/// registry.add("log", 42, permissions).unwrap();
/// let member = Principal { user: 1001, group: 1001, groups: &[10], privileged: false };
/// assert_eq!(registry.open("log", Rights::SEND, &member), Ok(&42));
/// assert_eq!(registry.open("log", Rights::RECEIVE, &member), Err(NameError::Denied));
/// ```
#[derive(Debug)]
pub struct Registry<T> {
    /// In order of names.
    entries: Vec<Entry<T>>,
    most: usize,
}

impl<T> Registry<T> {
    /// For up to `most` names.
    pub const fn new(most: usize) -> Self {
        Self { entries: Vec::new(), most }
    }

    /// Gives a channel a name.
    pub fn add(&mut self, name: &str, channel: T, permissions: Permissions) -> Result<(), NameError> {
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains('\0') {
            return Err(NameError::Invalid);
        }
        let Err(place) = self.find(name) else { return Err(NameError::Taken) };
        if self.entries.len() >= self.most {
            return Err(NameError::TooMany);
        }
        let mut own = String::new();
        own.try_reserve_exact(name.len())?;
        own.push_str(name);
        self.entries.try_reserve(1)?;
        self.entries.insert(place, Entry { name: own, channel, permissions });
        Ok(())
    }

    /// Where a name is, or would be.
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name))
    }

    fn allowed(&self, name: &str, rights: Rights, principal: &Principal<'_>) -> Result<usize, NameError> {
        let place = self.find(name).map_err(|_| NameError::Unknown)?;
        if !self.entries[place].permissions.of(principal).contains(rights) {
            return Err(NameError::Denied);
        }
        Ok(place)
    }

    /// The channel of a name, for one who may do what is asked for.
    pub fn open(&self, name: &str, rights: Rights, principal: &Principal<'_>) -> Result<&T, NameError> {
        self.allowed(name, rights, principal).map(|place| &self.entries[place].channel)
    }

    /// Takes a name away; whoever is attached stays so.
    pub fn remove(&mut self, name: &str, principal: &Principal<'_>) -> Result<T, NameError> {
        let place = self.allowed(name, Rights::MANAGE, principal)?;
        let entry = self.entries.remove(place);
        if self.entries.is_empty() {
            self.entries = Vec::new();
        }
        Ok(entry.channel)
    }

    /// Changes who may do what; the owner stays the same unless a privileged one asks.
    pub fn set_permissions(
        &mut self,
        name: &str,
        permissions: Permissions,
        principal: &Principal<'_>,
    ) -> Result<(), NameError> {
        let place = self.allowed(name, Rights::MANAGE, principal)?;
        let old = &mut self.entries[place].permissions;
        if permissions.user != old.user && !principal.privileged {
            return Err(NameError::Denied);
        }
        *old = permissions;
        Ok(())
    }

    /// How many names belong to a user.
    pub fn count_of(&self, user: u32) -> usize {
        self.entries.iter().filter(|entry| entry.permissions.user == user).count()
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }
}
