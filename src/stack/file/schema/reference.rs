//! The schema as a document for people.

use std::fmt::Write as _;

use serde_json::Value;

const INTRODUCTION: &str = "\
<!-- Made of the schema by `WEIR_BLESS=1 cargo test --features config --lib stack::file::schema`. -->

# Configuration

One TOML file says what is done for the requests of a service. A file that begins with `#:schema ./weir.schema.json` is completed
and checked while it is written, by all editors that use Taplo.

```toml
#:schema ./weir.schema.json

[defaults]
rate_limit  = { key = \"peer_ip\", policies = [\"100/minute; burst=50\", \"20/second\"] }
concurrency = { limit = \"adaptive\", max_queue = 64, max_wait = \"100ms\" }
profile     = true

[[route]]
path = \"/search\"
methods = [\"GET\"]
cache = { ttl = \"30s\", stale_while_revalidate = \"5m\", vary = [\"accept\"] }

[[route]]
path = \"/login\"
rate_limit = { key = \"forwarded\", policies = [\"5/minute\"], charge = \"failures\" }

[trusted_proxies]
cidrs = [\"10.0.0.0/8\"]
```

A section is a table, or `true` (on, with what is inherited or built in) or `false` (off). Routes inherit from `[defaults]` key by
key. Values are of these kinds:

| kind | how it is written |
|---|---|
| duration | a number and a unit, several if need be: `\"100ms\"`, `\"30s\"`, `\"1h 30m\"` |
| size | a number of bytes, or a number and a unit: `65536`, `\"512kB\"`, `\"64MiB\"` |
| share | a number of more than 0 and at most 1: `0.5` is half |
| quota | a number of requests and a period: `\"20/second\"`, `\"1 per 250ms\"`; then `; burst=50`, how many may come at once, and `; strict` |
| network | CIDR or a single address: `\"10.0.0.0/8\"`, `\"192.0.2.1\"` |
| key | `\"global\"`, `\"peer_ip\"`, `\"forwarded\"`, `\"header:NAME\"`, a name of the program's, or a list of two to four of these |
| path pattern | `\"/search\"`, `\"/users/{id}\"` for one segment, `\"/files/{*rest}\"` for all that follow |
";

/// The tables of the file, in their order: what each is called in it, and what the schema calls it.
const TABLES: [(&str, &str); 12] = [
    ("The file", ""),
    ("`[defaults]`", "Defaults"),
    ("`[[route]]`", "Route"),
    ("`profile`", "Profile"),
    ("`rate_limit`", "RateLimit"),
    ("`adaptive` of `rate_limit`", "Adaptive"),
    ("`cache`", "Cache"),
    ("`coalesce`", "Coalesce"),
    ("`concurrency`", "Concurrency"),
    ("`circuit_breaker`", "CircuitBreaker"),
    ("`[trusted_proxies]`", "TrustedProxies"),
    ("`[stores]`", "Stores"),
];

/// Keys of tables that no section's reader has.
const ORDER: [&str; 22] = [
    "preset",
    "watch",
    "defaults",
    "route",
    "trusted_proxies",
    "stores",
    "redis",
    "path",
    "methods",
    "name",
    "url",
    "prefix",
    "timeout",
    "connect_timeout",
    "cidrs",
    "field",
    "profile",
    "rate_limit",
    "cache",
    "coalesce",
    "concurrency",
    "circuit_breaker",
];

/// The reference of the file. `order` is that of a definition's keys, if it is known.
pub(super) fn reference(
    schema: &Value,
    order: impl Fn(&str) -> Option<Vec<&'static str>>,
) -> String {
    let mut text = INTRODUCTION.to_owned();
    for (title, definition) in TABLES.into_iter().chain([("`[redis]`", "Redis")]) {
        let table = match definition {
            "" => schema,
            definition => &schema["definitions"][definition],
        };
        let described = table["description"].as_str().unwrap_or_default();
        let _ = write!(text, "\n## {title}\n\n{}\n\n", flowing(described));
        text.push_str("| key | kind | default | |\n|---|---|---|---|\n");
        let order = order(definition).unwrap_or(ORDER.to_vec());
        let Some(properties) = table["properties"].as_object() else { continue };
        let rank = |key: &str| order.iter().position(|known| *known == key).unwrap_or(usize::MAX);
        let mut rows: Vec<_> = properties.iter().collect();
        rows.sort_by_key(|(key, _)| (rank(key), (*key).clone()));
        for (key, property) in rows {
            row(&mut text, key, property);
        }
    }
    text
}

fn row(text: &mut String, key: &str, property: &Value) {
    let default = property.get("default").map(|default| format!("`{default}`"));
    let mut described = flowing(property["description"].as_str().unwrap_or_default());
    for word in property["oneOf"].as_array().into_iter().flatten().chain(alternatives(property)) {
        if let (Some(word), Some(meaning)) = (word["const"].as_str(), word["description"].as_str())
        {
            let _ = write!(described, "<br>`\"{word}\"`: {}", flowing(meaning));
        }
    }
    let kind = kind(property).replace('|', "\\|");
    let _ = writeln!(
        text,
        "| `{key}` | {kind} | {} | {} |",
        default.unwrap_or_default(),
        described.replace('|', "\\|")
    );
}

/// The words among alternatives of several kinds.
fn alternatives(property: &Value) -> impl Iterator<Item = &Value> {
    let alternatives = property["anyOf"].as_array().into_iter().flatten();
    alternatives.flat_map(|one| one["oneOf"].as_array().into_iter().flatten())
}

/// What people call what a property takes.
fn kind(property: &Value) -> String {
    if let Some(title) = property["title"].as_str() {
        return title.to_owned();
    }
    if property["oneOf"].is_array() {
        return "word".to_owned();
    }
    if let Some(alternatives) = property["anyOf"].as_array() {
        let mut kinds: Vec<_> = alternatives.iter().map(kind).collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    match property["type"].as_str() {
        Some("array") if property["items"]["$ref"].is_string() => "tables".to_owned(),
        Some("array") => format!("list of {}s", kind(&property["items"])),
        Some("number" | "integer") => "number".to_owned(),
        Some("object") => match property["required"][0].as_str() {
            Some(key) => format!("`{{ {key} = […] }}`"),
            None => "table".to_owned(),
        },
        _ => "table".to_owned(),
    }
}

/// Without the line breaks of its source.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
