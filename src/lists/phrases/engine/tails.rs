//! What follows the first four bytes of phrases: a tree for each head, in the order in which it is walked.

use super::NONE;

/// All trees in one row. A node's first child is the node after it, so that a phrase that nothing else begins like is one run
/// of memory.
#[derive(Debug, Default)]
pub(super) struct Tails {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The next child of the same parent, else [`NONE`].
    sibling: u32,
    /// The phrase that ends here, else [`NONE`].
    phrase: u32,
    byte: u8,
    leaf: bool,
}

impl Tails {
    /// The tree of phrases that share their first four bytes, are sorted and differ. Its root stands for the fourth byte.
    pub fn grow(&mut self, phrases: &[&[u8]], group: &[u32]) -> u32 {
        let root = self.push(phrases[group[0] as usize][3]);
        self.fill(phrases, group, 4, root);
        root as u32 // at most MOST_BYTES nodes
    }

    fn push(&mut self, byte: u8) -> usize {
        self.nodes.push(Node { sibling: NONE, phrase: NONE, byte, leaf: false });
        self.nodes.len() - 1
    }

    /// The children of node `at`, which is `depth` bytes deep. As deep as the longest phrase, which is bounded.
    fn fill(&mut self, phrases: &[&[u8]], group: &[u32], depth: usize, at: usize) {
        let (over, on) = match group {
            [first, rest @ ..] if phrases[*first as usize].len() == depth => (*first, rest),
            on => (NONE, on),
        };
        self.nodes[at].phrase = over;
        self.nodes[at].leaf = on.is_empty();
        let mut before = None;
        for child in on.chunk_by(|a, b| phrases[*a as usize][depth] == phrases[*b as usize][depth]) {
            let node = self.push(phrases[child[0] as usize][depth]);
            if let Some(before) = before.replace(node) {
                self.nodes[before].sibling = node as u32; // at most MOST_BYTES nodes
            }
            self.fill(phrases, child, depth + 1, node);
        }
    }

    /// Walks from a root, whose byte is the one before `end`; `found` gets every phrase on the way and where it ends.
    #[inline(always)]
    pub fn walk(&self, root: u32, text: &[u8], mut end: usize, mut found: impl FnMut(u32, usize)) {
        if end > text.len() {
            return;
        }
        let mut at = root as usize;
        let mut node = &self.nodes[at];
        loop {
            if node.phrase != NONE {
                found(node.phrase, end);
            }
            let Some(&byte) = text.get(end) else { return };
            if node.leaf {
                return;
            }
            at += 1;
            node = &self.nodes[at];
            while node.byte != byte {
                if node.sibling == NONE {
                    return;
                }
                at = node.sibling as usize;
                node = &self.nodes[at];
            }
            end += 1;
        }
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.nodes)
    }
}
