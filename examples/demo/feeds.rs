//! Feeds about a topic, which are the same for all who read them: calls that are shared, and queries in batches.

use std::{fmt::Write, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tower_weir::{
    batch::{self, BatchLayer, Batcher},
    profile::operation,
    stack::Handle,
};

pub(crate) const TOPICS: [&str; 5] = ["floods", "fish", "mills", "locks", "dams"];
/// How many articles a feed has.
const ARTICLES: u32 = 8;
/// How many people write them.
const AUTHORS: u32 = 30;
/// How long a query takes, for any number of authors: the way to the database and back,
const QUERY: Duration = Duration::from_millis(20);
/// and for each of them.
const QUERY_EACH: Duration = Duration::from_micros(200);

#[derive(Serialize)]
struct Article {
    title: String,
    author: String,
}

/// Looks authors up by their numbers. Handlers that run at the same time share its queries, and an author whom many of them
/// want is asked for once.
pub(crate) type Authors = Batcher<u32, String>;

pub(crate) fn authors() -> Authors {
    let authors = BatchLayer::new().named("authors").dedup_by(|number: &u32| *number);
    authors.batcher(async |numbers: Vec<u32>| {
        // SELECT number, name FROM authors WHERE number IN (…)
        tokio::time::sleep(QUERY + QUERY_EACH * numbers.len() as u32).await;
        numbers.into_iter().map(|number| Ok(format!("author {number}"))).collect::<Vec<_>>()
    })
}

pub(crate) async fn feed(State(authors): State<Authors>, Path(topic): Path<String>) -> Response {
    let Some(at) = TOPICS.iter().position(|it| *it == topic) else {
        let text = format!("there are feeds about: {}\n", TOPICS.join(", "));
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let numbers = (0..ARTICLES).map(|article| (at as u32 * 4 + article * article) % AUTHORS);
    let names = operation("authors.load").record(authors.load_many(numbers)).await;
    let names = match names.into_iter().collect::<Result<Vec<_>, _>>() {
        Ok(names) => names,
        Err(error) => {
            return (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response();
        }
    };
    let titles = (1..).map(|part| format!("{topic}, part {part}"));
    Json(titles.zip(names).map(|(title, author)| Article { title, author }).collect::<Vec<_>>())
        .into_response()
}

/// What feeds cost, and what they would have cost.
#[derive(Clone)]
pub(crate) struct Sharing {
    pub(crate) weir: Handle,
    pub(crate) authors: batch::Handle,
}

impl Sharing {
    /// The text of `GET /sharing`.
    pub(crate) fn text(&self) -> String {
        let Some(feeds) = self.weir.coalesce("feeds") else {
            return "The file shares no feeds.\n".to_owned();
        };
        let (feeds, authors) = (feeds.stats(), self.authors.stats());
        let mean = (authors.items - authors.duplicates) as f64 / authors.batches.max(1) as f64;
        let mut text = String::new();
        let mut row = |name: &str, figure: String| {
            let _ = writeln!(text, "{name:<36}{figure:>8}");
        };
        row("feeds asked for", feeds.requests().to_string());
        row("  made, for all who came meanwhile", (feeds.led + feeds.alone).to_string());
        row("  given what was made for another", feeds.shared.to_string());
        row("authors looked up to make them", authors.items.to_string());
        row("  queries", authors.batches.to_string());
        row("  authors in a query, on average", format!("{mean:.1}"));
        row("  wanted twice, asked for once", authors.duplicates.to_string());
        text
    }
}
