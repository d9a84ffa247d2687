//! The edges of a trie by the node that they leave and their name: a hash table with open
//! addressing, which costs two memory accesses a look-up and no allocation an edge.
//!
//! Its keys come from the policy alone, so no push can make it slow.

/// A node of the trie, by its place in the list.
pub(super) type NodeId = u32;

/// Edges by node and name.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges {
    all: Vec<Edge>,
    /// The names of the edges, one after the other.
    names: Vec<u8>,
    /// An edge's number, counted from 1, at the first free place from where its hash points to;
    /// 0 where there is none. At least half are free, and their number is a power of two.
    slots: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Edge {
    from: NodeId,
    to: NodeId,
    hash: u32,
    /// Where its name begins and ends.
    name: (u32, u32),
}

impl Edges {
    /// Where the edge of that name leads.
    pub(super) fn find(&self, from: NodeId, name: &[u8]) -> Option<NodeId> {
        self.known(hash(from, name), from, name)
    }

    /// Where the edge of that name leads. If there is none, one is made that leads to `fresh`.
    pub(super) fn lead(&mut self, from: NodeId, name: &[u8], fresh: NodeId) -> NodeId {
        let hash = hash(from, name);
        if let Some(known) = self.known(hash, from, name) {
            return known;
        }
        let start = number(self.names.len());
        self.names.extend(name);
        self.all.push(Edge {
            from,
            to: fresh,
            hash,
            name: (start, number(self.names.len())),
        });
        match self.all.len() * 2 > self.slots.len() {
            true => self.grow(),
            false => self.place(number(self.all.len())),
        }
        fresh
    }

    fn known(&self, hash: u32, from: NodeId, name: &[u8]) -> Option<NodeId> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash as usize & mask;
        loop {
            let edge = self.edge(*self.slots.get(slot)?)?;
            if edge.hash == hash && edge.from == from && self.name(edge) == Some(name) {
                return Some(edge.to);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn edge(&self, number: u32) -> Option<&Edge> {
        self.all.get((number as usize).checked_sub(1)?)
    }

    fn name(&self, edge: &Edge) -> Option<&[u8]> {
        self.names.get(edge.name.0 as usize..edge.name.1 as usize)
    }

    /// Doubles the slots.
    fn grow(&mut self) {
        let slots = (self.all.len() * 4).next_power_of_two().max(64);
        self.slots = vec![0; slots];
        for at in 1..=self.all.len() {
            self.place(number(at));
        }
    }

    /// Notes an edge in its slot.
    fn place(&mut self, number: u32) {
        let Some(hash) = self.edge(number).map(|edge| edge.hash) else {
            return;
        };
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash as usize & mask;
        while let Some(taken) = self.slots.get_mut(slot) {
            if *taken == 0 {
                *taken = number;
                return;
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// A length as it is stored: a policy is no file of 4 GiB.
pub(super) fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn hash(from: NodeId, name: &[u8]) -> u32 {
    // An odd number without a pattern in its bits: the golden ratio's.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = name.as_chunks();
    let rest = rest
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let mix = |hash: u64, word: u64| (hash.rotate_left(29) ^ word).wrapping_mul(FACTOR);
    let hash = words.chain([rest]).fold(u64::from(from) + 1, mix);
    // The upper half, which every bit of the name took part in.
    u32::try_from(hash >> 32).unwrap_or_default()
}
