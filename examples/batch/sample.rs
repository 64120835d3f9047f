//! The notes that are put in and looked up, and whether everybody got what was theirs.

use rusqlite::Connection;
use tower_weir::{batch::BatchError, error::BoxError};

use crate::{database::Database, notes::Batched};

/// How many there are from the beginning.
const NOTES: i64 = 50_000;

const TABLE: &str =
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL CHECK (text <> ''))";

/// Fills an empty database.
pub(crate) async fn create(database: &Database) -> Result<(), BoxError> {
    let create = |connection: &mut Connection| {
        connection.execute(TABLE, [])?;
        let transaction = connection.transaction()?;
        let mut insert = transaction.prepare("INSERT INTO notes (id, text) VALUES (?1, ?2)")?;
        for id in 1..=NOTES {
            insert.execute((id, text_of(id)))?;
        }
        drop(insert);
        transaction.commit()
    };
    database.write(create).await
}

/// The text of a note that is there from the beginning.
fn text_of(id: i64) -> String {
    format!("note {id}: what flows over a weir, and how much of it")
}

/// One of those, as if drawn at random.
pub(crate) fn some_id(number: u64) -> i64 {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as i64 % NOTES + 1
}

/// The text of a note to put in.
pub(crate) fn new_text(number: u64) -> String {
    format!("new note {number}: what flows over a weir, and how much of it")
}

/// Makes sure that a note that was looked up is the one with the `id`.
pub(crate) fn is_own(id: i64, found: Option<&str>) -> Result<(), BoxError> {
    match found {
        Some(text) if text == text_of(id) => Ok(()),
        other => Err(format!("who asked for note {id} got {other:?}").into()),
    }
}

/// Makes sure that the ids which callers were told are those of their notes, by the numbers that these have.
pub(crate) async fn are_own(database: &Database, told: Vec<(i64, u64)>) -> Result<(), BoxError> {
    let wrong = database.read(move |connection| {
        let mut find = connection.prepare("SELECT text FROM notes WHERE id = ?1")?;
        for (id, number) in told {
            let text: String = find.query_row([id], |row| row.get(0))?;
            if text != new_text(number) {
                return Ok(Some(format!("who put {number} in was told the id {id} of {text:?}")));
            }
        }
        Ok(None)
    });
    wrong.await?.map_or(Ok(()), |wrong| Err(wrong.into()))
}

/// Makes sure that a note which breaks a rule of the table is refused, and those beside it are not.
pub(crate) async fn one_is_refused(notes: &Batched) -> Result<(), BoxError> {
    let insert = |text: &str| notes.insert(text.to_owned());
    match tokio::join!(insert("good"), insert(""), insert("good, too")) {
        (Ok(_), Err(BatchError::Item(_)), Ok(_)) => Ok(()),
        other => Err(format!("of three notes the second is empty: {other:?}").into()),
    }
}
