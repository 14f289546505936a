//! The answer to an ask, and its why.

use super::{CellId, ProfileId};
use crate::lists::KindId;
use crate::words::person::words;
use crate::words::{Category, Download, GroupId};

words! {
    /// What the door does.
    Act {
        Allow "allow",
        Warn "warn",
        Block "block",
    }
}

words! {
    /// What the journal says happened.
    Action {
        Allow "allow",
        Block "block",
        /// A warning was due; where no page could be shown, the profile's `warn_unseen` was done instead.
        Warn "warn",
        Rewrite "rewrite",
        /// A network that only watches let through what would have been blocked.
        WouldBlock "would-block",
    }
}

words! {
    /// Which step of the precedence spoke, in its order.
    Step {
        Locked "locked",
        Platform "platform",
        Session "session",
        Help "help",
        Rshe "rshe",
        HarmfulCode "harmful-code",
        Firm "firm",
        Pass "pass",
        Own "own",
        Education "education",
        Category "category",
        Default "default",
        Download "download",
    }
}

impl Step {
    /// Its number in the precedence, of 11: what has a lower one decides first.
    pub fn place(self) -> u8 {
        match self {
            Self::Locked => 1,
            Self::Platform => 2,
            Self::Session => 3,
            Self::Help | Self::Rshe => 4,
            Self::HarmfulCode => 5,
            Self::Firm => 6,
            Self::Pass => 7,
            Self::Own => 8,
            Self::Education => 9,
            Self::Category | Self::Download => 10,
            Self::Default => 11,
        }
    }

    /// What it is, to somebody who has not read the precedence.
    pub fn title(self) -> &'static str {
        match self {
            Self::Locked => "the locked lists",
            Self::Platform => "what machines need to work",
            Self::Session => "a session held to less",
            Self::Help => "help services",
            Self::Rshe => "health and relationships education",
            Self::HarmfulCode => "malware and phishing",
            Self::Firm => "the school's firm blocks",
            Self::Pass => "a teacher's passes",
            Self::Own => "the school's own entries",
            Self::Education => "the education list",
            Self::Category => "the profile, by category",
            Self::Default => "the profile's default",
            Self::Download => "the profile, by what is downloaded",
        }
    }

    /// `6 of 11: the school's firm blocks`
    pub fn shown(self) -> String {
        format!("{} of 11: {}", self.place(), self.title())
    }

    /// Whether it was a profile that spoke: at every other step [`Verdict::profile`] says nothing.
    pub fn is_a_profile_s(self) -> bool {
        matches!(self, Self::Category | Self::Default | Self::Download)
    }
}

/// What to do and the whole why, as ids. Names for the ids are in the snapshot that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub act: Act,
    pub action: Action,
    pub step: Step,
    /// How many labels the deciding entry has: see [`crate::words::Host::last_labels`]. 0 if no entry decided.
    pub labels: u8,
    /// The category that decided.
    pub category: Option<Category>,
    /// The sources that said so.
    pub kind: Option<KindId>,
    /// The number of the entry that decided: the school's own ([`super::Entry::id`]), or at [`Step::Locked`] the sealed list's,
    /// which has no other name. At [`Step::Download`], of the [`Download`]; at
    /// [`Step::Category`] what the words of a page weigh, where they decided.
    pub rule: Option<u32>,
    /// The pass that decided.
    pub pass: Option<u16>,
    /// The group whose profile decided.
    pub group: Option<GroupId>,
    pub cell: Option<CellId>,
    pub profile: ProfileId,
}

// `decide` runs for every packet: a verdict travels in registers and cache lines, never on the heap.
const _: () = assert!(size_of::<Verdict>() <= 40);

impl Verdict {
    /// A verdict of this step that lets through; the rest is filled in by the step that knows it.
    pub(super) fn allow(step: Step) -> Self {
        Self {
            act: Act::Allow,
            action: Action::Allow,
            step,
            labels: 0,
            category: None,
            kind: None,
            rule: None,
            pass: None,
            group: None,
            cell: None,
            profile: ProfileId(0),
        }
    }

    pub(super) fn block(step: Step) -> Self {
        Self { act: Act::Block, action: Action::Block, ..Self::allow(step) }
    }

    /// This verdict where the host was answered as another. What was worth a warning stays one.
    #[must_use]
    pub fn rewritten(self) -> Self {
        if self.action == Action::Allow { Self { action: Action::Rewrite, ..self } } else { self }
    }

    /// Whether it is a warning that holds up: one that is to be shown, or stands as a block because it cannot be.
    #[inline]
    pub fn is_warning(&self) -> bool {
        self.action == Action::Warn && self.act != Act::Allow
    }

    /// This warning for whoever has read it and goes on. It stays written down as one.
    #[must_use]
    pub fn gone_on(self) -> Self {
        Self { act: Act::Allow, ..self }
    }

    /// A block as bypass, whatever the profile says of that, for whom this verdict was: not what is wanted decides, but how it is
    /// hidden. `through` where the network only writes down what it would block.
    #[must_use]
    pub fn as_bypass(self, through: bool) -> Self {
        let (act, action) = if through { (Act::Allow, Action::WouldBlock) } else { (Act::Block, Action::Block) };
        let Self { group, profile, .. } = self;
        Self { act, action, category: Some(Category::BYPASS), group, profile, ..Self::allow(Step::Category) }
    }

    /// A file refused for what it is, by this group's profile. `through` where the network only writes down what it would block.
    pub(crate) fn of_download(kind: Download, (group, profile): (GroupId, ProfileId), through: bool) -> Self {
        let (act, action) = if through { (Act::Allow, Action::WouldBlock) } else { (Act::Block, Action::Block) };
        Self { act, action, rule: Some(kind as u32), group: Some(group), profile, ..Self::allow(Step::Download) }
    }

    /// What was refused as a download.
    pub fn download(&self) -> Option<Download> {
        self.rule.filter(|_| self.step == Step::Download).and_then(Download::from_number)
    }

    pub fn blocks(&self) -> bool {
        self.act == Act::Block
    }
}
