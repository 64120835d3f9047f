use ::redis::Cmd;

/// A Lua script, which a server knows by its hash once it has seen it.
///
/// Its text is kept as well, to be sent with `EVAL`: that goes to the node that has the key, where `SCRIPT LOAD` would go
/// to all nodes and fail if any of them does.
#[derive(Debug)]
pub(in crate::redis) struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    pub(in crate::redis) fn new(text: &'static str) -> Self {
        Self { text, hash: ::redis::Script::new(text).get_hash().to_owned() }
    }

    /// Runs it by its hash.
    pub(super) fn by_hash(&self, keys: &[String], arguments: &[Vec<u8>]) -> Cmd {
        command("EVALSHA", &self.hash, keys, arguments)
    }

    /// Runs it by its text, after which the server knows its hash.
    pub(super) fn by_text(&self, keys: &[String], arguments: &[Vec<u8>]) -> Cmd {
        command("EVAL", self.text, keys, arguments)
    }
}

fn command(name: &str, script: &str, keys: &[String], arguments: &[Vec<u8>]) -> Cmd {
    // In front of each is its length, in some ten bytes.
    let count = 3 + keys.len() + arguments.len();
    let bytes = keys.iter().map(String::len).chain(arguments.iter().map(Vec::len)).sum::<usize>();
    let mut command = Cmd::with_capacity(count, name.len() + script.len() + bytes);
    command.arg(name).arg(script).arg(keys.len()).arg(keys).arg(arguments);
    command
}
