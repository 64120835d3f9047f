//! Articles that take long to make, and the cache in front of them.

use std::{fmt::Write, time::Duration};

use axum::{
    extract::{Path, Query},
    http::{HeaderName, StatusCode, header::ETAG},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tower_weir::{cache::RouteStats, stack::Handle};

pub(crate) const ARTICLES: u32 = 60;
/// How long one takes to make.
const WORK: Duration = Duration::from_millis(80);
const NO_CACHE: &str = "The file caches nothing.\n";
const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");

pub(crate) async fn article(Path(number): Path<u32>) -> Response {
    if number == 0 || number > ARTICLES {
        let text = format!("there are articles 1 to {ARTICLES}\n");
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    tokio::time::sleep(WORK).await;
    let fields =
        [(SURROGATE_KEY, format!("articles article-{number}")), (ETAG, format!("\"{number}-1\""))];
    (fields, format!("Article {number}: weirs and what flows over them.\n")).into_response()
}

/// What is to be purged: `/purge?tag=article-7` or `/purge?path=/articles/7`, or everything.
#[derive(Deserialize)]
pub(crate) struct Purge {
    tag: Option<String>,
    path: Option<String>,
}

pub(crate) fn purge(weir: &Handle, Query(purge): Query<Purge>) -> (StatusCode, String) {
    let Some(cache) = weir.cache() else {
        return (StatusCode::NOT_FOUND, NO_CACHE.to_owned());
    };
    match purge {
        Purge { tag: Some(tag), path: None } => {
            cache.purge_tag(&tag);
            (StatusCode::OK, format!("purged what has the tag {tag}\n"))
        }
        Purge { tag: None, path: Some(path) } => match path.parse() {
            Ok(uri) => {
                cache.purge(&uri);
                (StatusCode::OK, format!("purged {path}\n"))
            }
            Err(error) => (StatusCode::BAD_REQUEST, format!("`{path}` is no path: {error}\n")),
        },
        Purge { tag: None, path: None } => {
            cache.purge_all();
            (StatusCode::OK, "purged all articles\n".to_owned())
        }
        Purge { .. } => (StatusCode::BAD_REQUEST, "name a tag or a path, not both\n".to_owned()),
    }
}

/// The text of `GET /cache`.
pub(crate) fn stats(weir: &Handle) -> String {
    weir.cache().map_or(NO_CACHE.to_owned(), |cache| format!("{}\n", cache.stats()))
}

/// How the hit rate went, second by second.
pub(crate) fn hit_rates(seconds: &[RouteStats]) -> String {
    let mut text = String::from("Hit rate of articles in each second:");
    let pairs = seconds.iter().zip(seconds.iter().skip(1));
    for (before, after) in pairs {
        let free = |stats: &RouteStats| stats.hits + stats.stale_hits + stats.collapsed;
        let asked = |stats: &RouteStats| free(stats) + stats.revalidated + stats.misses;
        let (free, asked) = (free(after) - free(before), asked(after) - asked(before));
        let _ = match asked {
            0 => write!(text, "   -"),
            asked => write!(text, " {:>2} %", 100 * free / asked),
        };
    }
    text
}
