//! A few objects that will soon be asked for again.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use foldhash::fast::RandomState;

use super::Bytes;
use crate::git::tree_object::TreeObject;

/// What a store keeps: cheap to copy.
pub(in crate::git) trait Kept: Clone {
    /// About how many bytes it takes.
    fn size(&self) -> usize;
}

impl Kept for Bytes {
    fn size(&self) -> usize {
        self.len()
    }
}

impl Kept for TreeObject {
    fn size(&self) -> usize {
        self.raw.len()
    }
}

/// Objects by some name; the oldest go first when there are too many.
pub(in crate::git) struct Store<K, V> {
    objects: HashMap<K, V, RandomState>,
    order: VecDeque<K>,
    bytes: usize,
    most: usize,
}

impl<K: Copy + Eq + Hash, V: Kept> Store<K, V> {
    /// An empty one that keeps so many bytes.
    pub fn new(most: usize) -> Self {
        Self {
            objects: HashMap::default(),
            order: VecDeque::new(),
            bytes: 0,
            most,
        }
    }

    /// The object, if it is still here.
    pub fn get(&self, name: &K) -> Option<V> {
        self.objects.get(name).cloned()
    }

    /// Keeps the object, and hands it back.
    pub fn put(&mut self, name: K, object: V) -> V {
        if self.objects.insert(name, object.clone()).is_none() {
            self.order.push_back(name);
            self.bytes += object.size();
        }
        while self.bytes > self.most {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            let gone = self.objects.remove(&oldest);
            self.bytes -= gone.map_or(0, |object| object.size());
        }
        object
    }
}
