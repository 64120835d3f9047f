use std::{env, fs, path::Path};

use serde_json::Value;

use super::{conforms::conforms, reference::reference, schema};
use crate::stack::file::{
    Node, Problems, Source,
    fields::KNOWN,
    preset_text,
    sections::{adaptive, cache, circuit_breaker, coalesce, concurrency, profile, rate_limit},
    testing::{line, read},
    unknown,
};

/// A definition of the schema, and what reads it: what it makes of a table, as text.
type Section = (&'static str, fn(&Node, &mut Problems) -> Option<String>);

/// Reads a section, with what it needs to be complete.
macro_rules! section {
    ($definition:literal, $reader:path) => {
        ($definition, |node, problems| $reader(node, problems).map(|read| format!("{read:?}")))
    };
}

const SECTIONS: [Section; 7] = [
    section!("Profile", profile),
    section!("RateLimit", rate_limit),
    section!("Adaptive", adaptive),
    section!("Cache", cache),
    section!("Coalesce", coalesce),
    section!("Concurrency", concurrency),
    section!("CircuitBreaker", circuit_breaker),
];

/// What a section needs besides a key, so that the key makes sense in it.
fn companions(definition: &str, key: &str) -> String {
    let mut companions = Vec::new();
    if definition == "RateLimit" && key != "policies" {
        companions.push("policies = ['1/s']");
    }
    companions.push(match (definition, key) {
        ("RateLimit" | "Concurrency" | "CircuitBreaker", "on_missing_key") | (_, "max_keys") => {
            "key = 'peer_ip'"
        }
        ("RateLimit", "max_queue") => "max_wait = '1s'",
        ("RateLimit", "on_outage" | "leases") => "shared = false",
        (_, "slow_share") => "slow_from = '1s'",
        _ => return companions.join(", "),
    });
    companions.join(", ")
}

fn properties(definition: &str) -> Vec<(String, Value)> {
    let schema = schema();
    let properties = schema["definitions"][definition]["properties"].as_object().unwrap();
    properties.iter().map(|(key, property)| (key.clone(), property.clone())).collect()
}

/// A value of a schema as TOML.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            format!("[{}]", values.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        Value::Object(values) => {
            let entries: Vec<_> =
                values.iter().map(|(key, value)| format!("{key} = {}", toml(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        value => value.to_string(),
    }
}

/// All words that a property may be, wherever in it they stand.
fn words(property: &Value, found: &mut Vec<String>) {
    match property {
        Value::Array(all) => all.iter().for_each(|one| words(one, found)),
        Value::Object(entries) => {
            for (key, value) in entries {
                match (&**key, value) {
                    ("const", Value::String(word)) => found.push(word.clone()),
                    ("enum", Value::Array(all)) => {
                        found.extend(all.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    ("default" | "examples" | "properties", _) => {}
                    (_, value) => words(value, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_keys_of_a_section_are_those_of_its_schema() {
    for (definition, reader) in SECTIONS {
        let _ = read("{}", reader);
        let mut known: Vec<_> = KNOWN.take().into_iter().map(str::to_owned).collect();
        let mut described: Vec<_> =
            properties(definition).into_iter().map(|(key, _)| key).collect();
        known.sort();
        described.sort();
        assert_eq!(known, described, "{definition}");
        assert_eq!(schema()["definitions"][definition]["additionalProperties"], false);
    }
}

#[test]
fn the_defaults_of_the_schema_are_those_of_the_readers() {
    for (definition, reader) in SECTIONS {
        for (key, property) in properties(definition) {
            let Some(default) = property.get("default") else { continue };
            let companions = companions(definition, &key);
            let (without, _) = read(&format!("{{ {companions} }}"), reader);
            let section = format!("{{ {key} = {}, {companions} }}", toml(default));
            let (with, _) = read(&section, reader);
            assert_eq!(with, without, "{definition}: {section}");
        }
    }
}

#[test]
fn every_word_and_every_example_of_the_schema_is_read() {
    let built_in = cfg!(all(feature = "redis", feature = "compression"));
    for (definition, reader) in SECTIONS {
        for (key, property) in properties(definition) {
            let mut values = Vec::new();
            words(&property, &mut values);
            let mut values: Vec<_> = values.iter().map(|word| format!("{word:?}")).collect();
            let examples = property.get("examples").and_then(Value::as_array);
            values.extend(examples.into_iter().flatten().map(toml));
            values.extend(property.get("default").map(toml));
            let companions = match &*key {
                "on_outage" if !built_in => continue,
                "on_outage" | "leases" => "policies = ['1/s'], shared = true".to_owned(),
                _ => companions(definition, &key),
            };
            for value in values {
                if matches!(&*key, "leases" | "compress") && !built_in {
                    continue;
                }
                let section = format!("{{ {key} = {value}, {companions} }}");
                let (_, problems) = read(&section, reader);
                let problems: Vec<_> = problems.iter().map(line).collect();
                assert!(problems.is_empty(), "{definition}: {section}: {problems:?}");
            }
        }
    }
}

#[test]
fn every_key_of_the_schema_says_what_it_does() {
    let schema = schema();
    let definitions = schema["definitions"].as_object().unwrap();
    let tables = definitions.values().chain([&schema]);
    for table in tables {
        for (key, property) in table["properties"].as_object().unwrap() {
            let description = property["description"].as_str().unwrap_or_default();
            assert!(description.ends_with('.'), "{key}: {description:?}");
        }
    }
    assert!(!schema.to_string().contains("null"), "TOML has none");
}

#[test]
fn files_that_are_right_conform_and_others_do_not() {
    let schema = schema();
    let reference = include_str!("../../../../docs/configuration.md");
    let example = reference.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    for text in [
        "",
        example.unwrap(),
        "preset = 'production'\nwatch = false\ndefaults.cache = { query = { only = ['q'] }, max_object_bytes = 7 }",
        "defaults.rate_limit = { policies = { sustained = '1/s' }, key = ['peer_ip', 'tenant'], adaptive = true }",
        "[[route]]\npath = '/'\nconcurrency = { limit = 5 }\ncircuit_breaker.window = 50\ncoalesce = false",
        "[redis]\nurl = ['redis://a', 'redis://b']\ncache = true\n[stores]\ncache = '1GiB'",
    ] {
        assert_eq!(conforms(&schema, text), Ok(()), "{text}");
    }
    for text in [
        "default = {}",
        "watch = true",
        "defaults.cache.tll = '30s'",
        "defaults.cache = 'on'",
        "defaults.cache.ttl = 30",
        "defaults.cache.query = 'all'",
        "defaults.rate_limit.policies = []",
        "defaults.rate_limit.policies = '1/s'",
        "defaults.rate_limit.adaptive = { floor = 0.0 }",
        "defaults.concurrency.limit = 0",
        "defaults.concurrency.limit = 'adaptve'",
        "defaults.circuit_breaker.failure_share = 0",
        "[[route]]\nmethods = ['GET']",
        "[route]\npath = '/'",
    ] {
        assert!(conforms(&schema, text).is_err(), "{text}");
    }
}

#[test]
fn the_presets_conform() {
    for preset in ["production", "development"] {
        assert_eq!(conforms(&schema(), preset_text(preset).unwrap()), Ok(()), "{preset}");
    }
}

/// What the readers of the tables around the sections know.
#[test]
fn the_keys_of_other_tables_are_those_of_the_schema() {
    let schema = schema();
    for (table, keys) in unknown::KEYS {
        let definition: String = table.split('_').map(capitalised).collect();
        let table = match &*definition {
            "" => &schema,
            definition => &schema["definitions"][definition],
        };
        let properties = table["properties"].as_object().unwrap();
        for key in *keys {
            assert!(properties.contains_key(*key), "{definition}.{key}");
        }
    }
    let read = |text: &str| {
        let source = Source { text: text.to_owned(), ..Source::default() };
        crate::stack::file::read(&source).map(drop).map_err(|errors| errors.to_string())
    };
    for (definition, header, companion) in [
        ("Stores", "[stores]", ""),
        ("TrustedProxies", "[trusted_proxies]", "cidrs = ['10.0.0.0/8']"),
        ("Redis", "[redis]", "url = 'redis://a'"),
    ] {
        if definition == "Redis" && cfg!(not(feature = "redis")) {
            continue;
        }
        for (key, property) in properties(definition) {
            let mut values = Vec::new();
            words(&property, &mut values);
            let values = values.iter().map(|word| format!("{word:?}"));
            for value in values.chain(property.get("default").map(toml)) {
                let text = format!("{header}\n{companion}\n{key} = {value}\n");
                assert_eq!(read(&text), Ok(()), "{text}");
            }
        }
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    format!("{}{rest}", first.to_uppercase())
}

/// Compares a file with what it must be, or writes it if `WEIR_BLESS` is set.
fn is_current(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("WEIR_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{} is not what the code says; write it anew by:\n\
         WEIR_BLESS=1 cargo test --features config --lib stack::file::schema",
        path.display(),
    );
}

/// The schema as text whose keys are sorted, whether or not the crate that writes it sorts them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.into_iter().collect();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            entries.into_iter().map(|(key, value)| (key, sorted(value))).collect()
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        value => value,
    }
}

#[test]
fn the_committed_schema_is_current() {
    let text = serde_json::to_string_pretty(&sorted(schema())).unwrap();
    is_current("weir.schema.json", &format!("{text}\n"));
}

#[test]
fn the_committed_reference_is_current() {
    let order = |definition: &str| {
        let section = SECTIONS.iter().find(|(name, _)| *name == definition);
        section.map(|(_, reader)| {
            let _ = read("{}", reader);
            KNOWN.take()
        })
    };
    is_current("docs/configuration.md", &reference(&schema(), order));
}
