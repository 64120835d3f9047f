//! The notes of a program in a database: asked one by one, and in batches.

use std::{collections::HashMap, convert::Infallible, rc::Rc};

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, types::Value};
use tower_weir::{
    batch::{BatchError, BatchLayer, BatchStats, Batcher},
    error::BoxError,
};

use crate::database::{Database, READERS, WRITERS};

const INSERT: &str = "INSERT INTO notes (text) VALUES (?1)";
const FIND: &str = "SELECT text FROM notes WHERE id = ?1";
const FIND_ALL: &str = "SELECT id, text FROM notes WHERE id IN rarray(?1)";

/// A statement for each note.
#[derive(Clone)]
pub(crate) struct OneByOne(Database);

impl OneByOne {
    pub(crate) fn new(database: &Database) -> Self {
        Self(database.clone())
    }

    /// The new note's id.
    pub(crate) async fn insert(&self, text: String) -> Result<i64, BoxError> {
        let insert =
            |connection: &mut Connection| connection.prepare_cached(INSERT)?.insert([text]);
        self.0.write(insert).await
    }

    pub(crate) async fn find(&self, id: i64) -> Result<Option<String>, BoxError> {
        let find = move |connection: &mut Connection| {
            connection.prepare_cached(FIND)?.query_row([id], |row| row.get(0)).optional()
        };
        self.0.read(find).await
    }
}

/// A statement for all who come at about the same time.
#[derive(Clone)]
pub(crate) struct Batched {
    inserts: Batcher<String, i64, rusqlite::Error>,
    lookups: Batcher<i64, Option<String>>,
}

impl Batched {
    /// As many calls at a time as there are connections, for one more would wait for another's; with all other settings as they
    /// come.
    pub(crate) fn new(database: &Database) -> Self {
        let of_inserts = database.clone();
        let inserts = BatchLayer::new().named("inserts").max_in_flight(WRITERS);
        let inserts = inserts.batcher(move |texts: Vec<String>| {
            let database = of_inserts.clone();
            async move { database.write(move |connection| insert_all(connection, texts)).await }
        });
        let of_lookups = database.clone();
        // Those who look the same note up at the same time share one of the answers, which have to be `Clone` for that.
        let lookups =
            BatchLayer::new().named("lookups").max_in_flight(READERS).dedup_by(|id: &i64| *id);
        let lookups = lookups.batcher(move |ids: Vec<i64>| {
            let database = of_lookups.clone();
            async move { database.read(move |connection| find_all(connection, &ids)).await }
        });
        Self { inserts, lookups }
    }

    /// The new note's id.
    pub(crate) async fn insert(&self, text: String) -> Result<i64, BatchError<rusqlite::Error>> {
        self.inserts.load(text).await
    }

    pub(crate) async fn find(&self, id: i64) -> Result<Option<String>, BatchError<Infallible>> {
        self.lookups.load(id).await
    }

    pub(crate) fn insert_stats(&self) -> BatchStats {
        self.inserts.handle().stats()
    }

    pub(crate) fn lookup_stats(&self) -> BatchStats {
        self.lookups.handle().stats()
    }
}

/// All in one transaction. A note that breaks a rule of the table is refused by itself; whatever else fails fails them all, and
/// leaves none of them behind.
fn insert_all(
    connection: &mut Connection,
    texts: Vec<String>,
) -> rusqlite::Result<Vec<rusqlite::Result<i64>>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut insert = transaction.prepare_cached(INSERT)?;
    let answers = texts.into_iter().map(|text| match insert.insert([text]) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Ok(Err(error))
        }
        inserted => inserted.map(Ok),
    });
    let answers = answers.collect::<Result<_, _>>()?;
    drop(insert);
    transaction.commit()?;
    Ok(answers)
}

/// The answers in the order of the `ids`, of which no two are the same. The database gives rows in an order of its own, and
/// none for what is not there.
fn find_all(
    connection: &mut Connection,
    ids: &[i64],
) -> rusqlite::Result<Vec<Result<Option<String>, Infallible>>> {
    let mut find = connection.prepare_cached(FIND_ALL)?;
    let wanted = Rc::new(ids.iter().copied().map(Value::from).collect::<Vec<_>>());
    let found = find.query_map([wanted], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut found: HashMap<i64, String> = found.collect::<Result<_, _>>()?;
    Ok(ids.iter().map(|id| Ok(found.remove(id))).collect())
}
