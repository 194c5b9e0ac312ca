//! `sysfs`: to come.
