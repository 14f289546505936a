//! What the ids of one policy version were called: stored once, so that an old row goes on meaning what it meant.

use serde::{Deserialize, Serialize};

/// The names of one policy version, each by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    pub school: String,
    pub gateway: String,
    pub profiles: Vec<String>,
    pub groups: Vec<String>,
    pub networks: Vec<String>,
    pub lists: Vec<String>,
    pub cells: Vec<String>,
    /// The school's own entries by [`crate::policy::Entry::id`]: what was written, and why.
    pub rules: Vec<(u32, String)>,
    /// The school's own categories by bit.
    pub categories: Vec<(u8, String)>,
}
