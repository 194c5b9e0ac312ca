//! `procfs`: to come.
