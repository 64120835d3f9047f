use super::{Entry, Node, Place, Problem, Problems, Value, unknown};

#[cfg(test)]
thread_local! {
    /// The keys of the table that was finished last.
    pub(super) static KNOWN: std::cell::RefCell<Vec<&'static str>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// The entries of a table while they are read: what nobody has asked for in the end is unknown.
pub(in crate::stack) struct Fields<'a> {
    entries: &'a [Entry],
    place: &'a Place,
    what: String,
    known: Vec<&'static str>,
    problems: &'a mut Problems,
}

/// Reads a value; `None` if it could not, after it has said why.
pub(in crate::stack) trait Read<T>:
    FnOnce(&Node, &mut Problems) -> Option<T>
{
}

impl<T, F: FnOnce(&Node, &mut Problems) -> Option<T>> Read<T> for F {}

impl<'a> Fields<'a> {
    /// Of a table; if it is none, that is a problem. `what` is what it is the table of.
    pub(in crate::stack) fn of(
        node: &'a Node,
        what: &str,
        problems: &'a mut Problems,
    ) -> Option<Self> {
        match &node.value {
            Value::Table(entries) => {
                let what = what.to_owned();
                Some(Self { entries, place: &node.place, what, known: Vec::new(), problems })
            }
            _ => {
                let message = format!("`{what}` is {}, not a table", node.kind());
                problems.add(Problem::error(&node.place, message).label("expected a table"));
                None
            }
        }
    }

    /// The value of a key; `None` if it is absent, or cannot be read, which is a problem then.
    pub(in crate::stack) fn take<T>(&mut self, key: &'static str, read: impl Read<T>) -> Option<T> {
        let node = self.node(key)?;
        read(node, self.problems)
    }

    /// Sets what the table has a value for.
    pub(in crate::stack) fn set<T>(
        &mut self,
        target: &mut T,
        key: &'static str,
        read: impl Read<T>,
    ) {
        if let Some(value) = self.take(key, read) {
            *target = value;
        }
    }

    /// The value of a key, or `absent` if there is none; `None` if it cannot be read, which is a problem then.
    pub(in crate::stack) fn value<T>(
        &mut self,
        key: &'static str,
        absent: T,
        read: impl Read<T>,
    ) -> Option<T> {
        match self.node(key) {
            Some(node) => read(node, self.problems),
            None => Some(absent),
        }
    }

    /// What a key stands for, unread.
    pub(in crate::stack) fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// Where the table is.
    pub(in crate::stack) fn place(&self) -> &'a Place {
        self.place
    }

    pub(in crate::stack) fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// The end of the table: whatever else it has is unknown.
    pub(in crate::stack) fn finish(self) {
        #[cfg(test)]
        KNOWN.set(self.known.clone());
        for entry in self.entries.iter().filter(|entry| !self.known.contains(&&*entry.key)) {
            self.problems.add(unknown::key(&self.what, entry, &self.known));
        }
    }
}
