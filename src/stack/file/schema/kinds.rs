//! The kinds of values, each with a title: what people call it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! kinds {
    ($($name:ident $schema:tt)+) => {$(
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

kinds! {
    Time {
        "title": "duration",
        "type": "string",
        "pattern": r"^\s*0\s*$|^\s*([0-9][0-9\s]*(\.[0-9]+)?\s*[a-zA-Zµ]+\s*)+$",
        "examples": ["100ms", "30s", "5m", "1h 30m"]
    }
    Bytes {
        "title": "size",
        "anyOf": [
            { "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*[kKmMgGtTpPeE]?[iI]?[bB]?\s*$" },
            { "type": "integer", "minimum": 1 }
        ],
        "examples": ["64MiB", "512kB", 65536]
    }
    Share {
        "title": "share",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1
    }
    Truth { "title": "true or false", "type": "boolean" }
    Text { "title": "text", "type": "string", "minLength": 1 }
    Count { "title": "number", "type": "integer", "minimum": 1 }
    Volume { "title": "number", "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32 }
    Places { "title": "number", "type": "integer", "minimum": 0 }
    Bound { "title": "number", "type": "integer", "minimum": 1, "maximum": 1_000_000 }
    Probes { "title": "number", "type": "integer", "minimum": 1, "maximum": 1_000 }
    Jitter { "title": "number", "type": "number", "minimum": 0, "maximum": 10 }
    Beta { "title": "number", "type": "number", "minimum": 0 }
    Quota {
        "title": "quota",
        "type": "string",
        "pattern": r"^\s*[0-9]+\s*(/| per ).+$",
        "examples": ["20/second", "100/minute; burst=50", "1 per 250ms", "1000/hour; strict"]
    }
    FieldName {
        "title": "header field",
        "type": "string",
        "pattern": r"^\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*$",
        "examples": ["accept", "x-api-key"]
    }
    Network {
        "title": "network",
        "type": "string",
        "examples": ["10.0.0.0/8", "fd00::/8", "192.0.2.1"]
    }
    PathPattern {
        "title": "path pattern",
        "type": "string",
        "pattern": "^/",
        "examples": ["/search", "/users/{id}", "/files/{*rest}"]
    }
    Method {
        "title": "method",
        "type": "string",
        "pattern": r"^[!#$%&'*+.^_`|~0-9A-Z-]+$",
        "examples": ["GET", "POST"]
    }
    Key {
        "title": "key",
        "anyOf": [
            { "type": "string", "pattern": r"^(header:\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*|[A-Za-z0-9_-]+)$" },
            {
                "type": "array",
                "items": { "type": "string" },
                "minItems": 2,
                "maxItems": 4
            }
        ],
        "examples": ["global", "peer_ip", "forwarded", "header:x-api-key", ["peer_ip", "header:x-api-key"]]
    }
    Policies {
        "title": "list of quotas, or table of names and quotas",
        "anyOf": [
            { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            { "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1 }
        ],
        "examples": [["100/minute; burst=50", "20/second"], { "sustained": "1000/hour" }]
    }
    Watch {
        "title": "duration, or false",
        "anyOf": [{ "type": "string" }, { "type": "boolean", "const": false }],
        "examples": ["250ms", false]
    }
    Calls {
        "title": "duration, or number of calls",
        "anyOf": [
            { "type": "string" },
            { "type": "integer", "minimum": 1, "maximum": 100_000 }
        ],
        "examples": ["10s", 100]
    }
    Limit {
        "title": "number, or a word",
        "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 1_000_000 },
            { "type": "string", "enum": ["adaptive", "verified_gradient", "gradient2", "vegas", "aimd"] }
        ],
        "examples": ["adaptive", 64]
    }
    Delays {
        "title": "list of two durations",
        "type": "array",
        "items": { "type": "string" },
        "minItems": 2,
        "maxItems": 2,
        "examples": [["10ms", "100ms"]]
    }
    Nodes {
        "title": "URL, or list of URLs",
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }],
        "examples": ["redis://cache.internal:6379"]
    }
}
