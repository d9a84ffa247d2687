//! A few objects that will soon be asked for again.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::Bytes;

/// Objects by some name; the oldest go first when there are too many.
pub(in crate::git) struct Store<K> {
    objects: HashMap<K, Bytes>,
    order: VecDeque<K>,
    bytes: usize,
    most: usize,
}

impl<K: Copy + Eq + Hash> Store<K> {
    /// An empty one that keeps so many bytes.
    pub fn new(most: usize) -> Self {
        Self {
            objects: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            most,
        }
    }

    /// The object, if it is still here.
    pub fn get(&self, name: &K) -> Option<Bytes> {
        self.objects.get(name).cloned()
    }

    /// Keeps the object, and hands it back.
    pub fn put(&mut self, name: K, object: Bytes) -> Bytes {
        if self.objects.insert(name, object.clone()).is_none() {
            self.order.push_back(name);
            self.bytes += object.len();
        }
        while self.bytes > self.most {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            let gone = self.objects.remove(&oldest);
            self.bytes -= gone.map_or(0, |object| object.len());
        }
        object
    }
}
