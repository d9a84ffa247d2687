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

/// How many objects are kept in any case where only near ones are wanted.
const LEAST: usize = 8;

/// Objects by some name; the oldest go first when there are too many.
pub(in crate::git) struct Store<K, V> {
    objects: HashMap<K, V, RandomState>,
    order: VecDeque<K>,
    bytes: usize,
    most: usize,
    /// How many bytes are kept of more than [`LEAST`] objects.
    near: usize,
}

impl<K: Copy + Eq + Hash, V: Kept> Store<K, V> {
    /// An empty one that keeps so many bytes.
    pub fn new(most: usize) -> Self {
        Self {
            objects: HashMap::default(),
            order: VecDeque::new(),
            bytes: 0,
            most,
            near: most,
        }
    }

    /// From now on, of more than a few objects so many bytes are kept.
    pub fn keep_near(&mut self, near: usize) {
        self.near = near;
        self.drop_oldest();
    }

    /// Keeps nothing of what is here.
    pub fn clear(&mut self) {
        self.objects.clear();
        self.order.clear();
        self.bytes = 0;
    }

    /// The object, if it is still here.
    pub fn get(&self, name: &K) -> Option<V> {
        self.objects.get(name).cloned()
    }

    /// The object, if it is still here; it isn't any more.
    pub fn take(&mut self, name: &K) -> Option<V> {
        let taken = self.objects.remove(name)?;
        self.bytes -= taken.size();
        // Mostly the youngest is taken. What stays of another one is its name, and is passed over.
        let is_gone = |name: &K| !self.objects.contains_key(name);
        while self.order.back().is_some_and(is_gone) {
            self.order.pop_back();
        }
        Some(taken)
    }

    /// Keeps the object, and hands it back.
    pub fn put(&mut self, name: K, object: V) -> V {
        if self.objects.insert(name, object.clone()).is_none() {
            self.order.push_back(name);
            self.bytes += object.size();
        }
        self.drop_oldest();
        object
    }

    fn drop_oldest(&mut self) {
        while self.bytes > self.most || self.bytes > self.near && self.objects.len() > LEAST {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            let gone = self.objects.remove(&oldest);
            self.bytes -= gone.map_or(0, |object| object.size());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store with objects of ten bytes each, called 0, 1, and so on.
    fn filled(most: usize, count: usize) -> Store<usize, Bytes> {
        let mut store = Store::new(most);
        for name in 0..count {
            store.put(name, Bytes::new(vec![0; 10]));
        }
        store
    }

    fn names(store: &Store<usize, Bytes>) -> Vec<usize> {
        let all = 0..1000;
        all.filter(|name| store.get(name).is_some()).collect()
    }

    #[test]
    fn the_oldest_go_first() {
        assert_eq!(names(&filled(50, 8)), [3, 4, 5, 6, 7]);
        assert!(names(&filled(9, 8)).is_empty());
    }

    #[test]
    fn of_many_the_near_ones_are_kept() {
        let mut store = filled(1000, 100);
        store.keep_near(300);
        assert_eq!(names(&store), (70..100).collect::<Vec<_>>());
        store.keep_near(10);
        assert_eq!(names(&store), (100 - LEAST..100).collect::<Vec<_>>());
        store.keep_near(usize::MAX);
        store.put(100, Bytes::new(vec![0; 10]));
        assert_eq!(names(&store).len(), LEAST + 1);
    }

    #[test]
    fn what_is_taken_is_gone() {
        let mut store = filled(50, 5);
        assert!([1, 4, 3].iter().all(|name| store.take(name).is_some()));
        assert!(store.take(&4).is_none());
        assert_eq!(names(&store), [0, 2]);
        // There is room for what was taken, and the names that are left take none.
        for name in [5, 6, 7] {
            store.put(name, Bytes::new(vec![0; 10]));
        }
        assert_eq!(names(&store), [0, 2, 5, 6, 7]);
        store.put(8, Bytes::new(vec![0; 10]));
        assert_eq!(names(&store), [2, 5, 6, 7, 8]);
        store.clear();
        assert!(names(&store).is_empty());
    }
}
