//! SQLite behind a batcher: many callers put rows in and look rows up, with a statement for each of them, and in batches.
//!
//! ```sh
//! cargo run --release --example batch                             # about ten seconds
//! cargo run --release --example batch -- --callers 8 --seconds 20 # fewer callers, and longer
//! ```
//!
//! The part to copy is `batch/notes.rs`: a function that serves a batch, and a `Batcher` made of it, for a transaction and for
//! a query. `batch/database.rs` has the connections, which are the same with batches and without: one that writes, for SQLite
//! lets one write at a time, and two that read.
//!
//! Each caller waits for its answer before it asks for more, as a handler does, and makes sure that the row is its own. What to
//! see: a transaction ends when the disk has it, which takes as long for one row as for many, so that batches put in many times
//! as many rows a second, each of them sooner. Finding a row is little work beside the way to another thread and back, which
//! a batch makes once.
//!
//! The file is in a folder of its own in the system's folder for temporary files (`TMPDIR`), which is removed at the end. Where
//! that is kept in memory transactions cost less than on a disk.

mod args;
mod callers;
mod database;
mod folder;
mod notes;
mod sample;
mod table;

use std::{io::Write, mem, process::ExitCode};

use args::{Args, Command};
use callers::measure;
use database::Database;
use folder::Folder;
use notes::{Batched, OneByOne};
use tokio::runtime::Runtime;
use tower_weir::error::BoxError;

fn main() -> ExitCode {
    let args = match args::parse() {
        Ok(Command::Help) => {
            say(args::USAGE);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Run(args)) => args,
        Err(message) => {
            eprintln!("batch: {message}");
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("batch: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<String, BoxError> {
    let folder = Folder::create()?;
    // Dropped before the folder: that waits for threads which still have the file open.
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let database = Database::at(&folder.path().join("notes.sqlite"));
        tokio::select! {
            compared = compare(&database, args) => compared,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        }
    })
}

/// Inserts and lookups, without batches and with them, each for a quarter of the time; as a table.
async fn compare(database: &Database, args: &Args) -> Result<String, BoxError> {
    sample::create(database).await?;
    let (one_by_one, batched) = (OneByOne::new(database), Batched::new(database));
    let (callers, each) = (args.callers, args.duration / 4);

    let notes = one_by_one.clone();
    let alone = measure("inserts, one by one", callers, each, move |number| {
        let notes = notes.clone();
        async move { Ok((notes.insert(sample::new_text(number)).await?, number)) }
    });
    let mut alone = alone.await?;
    sample::are_own(database, mem::take(&mut alone.answers)).await?;

    let notes = batched.clone();
    let together = measure("inserts, batched", callers, each, move |number| {
        let notes = notes.clone();
        async move { Ok((notes.insert(sample::new_text(number)).await?, number)) }
    });
    let mut together = together.await?;
    sample::are_own(database, mem::take(&mut together.answers)).await?;
    let inserts = table::rows("inserts", &alone, &together, &batched.insert_stats());

    let alone = measure("lookups, one by one", callers, each, move |number| {
        let (notes, id) = (one_by_one.clone(), sample::some_id(number));
        async move { sample::is_own(id, notes.find(id).await?.as_deref()) }
    });
    let alone = alone.await?;

    let notes = batched.clone();
    let together = measure("lookups, batched", callers, each, move |number| {
        let (notes, id) = (notes.clone(), sample::some_id(number));
        async move { sample::is_own(id, notes.find(id).await?.as_deref()) }
    });
    let together = together.await?;
    let lookups = table::rows("lookups", &alone, &together, &batched.lookup_stats());

    sample::one_is_refused(&batched).await?;
    Ok(format!(
        "{}{inserts}{lookups}\nEach caller got its own row, and an empty note, which the table refuses, was refused by itself.",
        table::head(callers, each),
    ))
}

/// Prints; whoever closed the pipe wants no more of it.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}
