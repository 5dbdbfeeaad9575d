//! Resources by id, each with the version before, which a stale read shows.

use std::collections::HashMap;

pub trait Versioned {
    fn id(&self) -> &str;
    /// Moves forward with every change a client can see.
    fn revision(&self) -> u64;
}

pub struct Table<T> {
    current: HashMap<String, T>,
    previous: HashMap<String, T>,
    /// In the order they came to be.
    ids: Vec<String>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { current: HashMap::new(), previous: HashMap::new(), ids: Vec::new() }
    }
}

impl<T: Versioned> Table<T> {
    pub fn put(&mut self, row: T) {
        let (id, revision) = (row.id().to_owned(), row.revision());
        match self.current.insert(id.clone(), row) {
            Some(old) if old.revision() < revision => {
                self.previous.insert(id, old);
            }
            Some(_) => {}
            None => self.ids.push(id),
        }
    }

    pub fn get(&self, id: &str) -> Option<&T> {
        self.current.get(id)
    }

    /// What a client is shown; stale: the version before, if there was one.
    pub fn seen(&self, id: &str, stale: bool) -> Option<&T> {
        let previous = stale.then(|| self.previous.get(id)).flatten();
        previous.or_else(|| self.current.get(id))
    }

    pub fn ids(&self) -> &[String] {
        &self.ids
    }
}
