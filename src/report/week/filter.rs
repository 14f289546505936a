//! How the filter itself did.

use serde::Serialize;

/// One line of what governors are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assured {
    pub what: String,
    pub is: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkLine {
    pub name: String,
    /// `on`, `watching`, `off`; empty if it is no longer in the configuration.
    pub state: &'static str,
    /// Let through what it would have blocked, at least for a part of the week.
    pub watched: u64,
    pub clients: u64,
    pub events: u64,
    pub by_name_only: u64,
    pub whole: u64,
    /// Of these, those within TLS that was looked into.
    pub decrypted: u64,
}

/// One fact of health; `good` is false where it needs someone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    pub what: &'static str,
    pub is: String,
    pub good: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListLine {
    pub name: String,
    pub category: String,
    pub entries: u64,
    pub age_days: Option<u32>,
}
