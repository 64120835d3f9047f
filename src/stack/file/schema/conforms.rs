//! What a schema says of a value, as far as this schema goes: patterns are for editors to check.

use serde_json::Value;

/// Whether a text of TOML is what the schema allows; else where it is not.
pub(super) fn conforms(schema: &Value, text: &str) -> Result<(), String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let value = serde_json::to_value(table).map_err(|error| error.to_string())?;
    check(schema, schema, &value, "")
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = root.pointer(reference.trim_start_matches('#'));
        return check(root, found.ok_or(reference)?, value, at);
    }
    let each = |key: &str| schema[key].as_array().into_iter().flatten();
    for all in each("allOf") {
        check(root, all, value, at)?;
    }
    for key in ["anyOf", "oneOf"] {
        let fits = |one: &Value| check(root, one, value, at).is_ok();
        if schema[key].is_array() && !each(key).any(fits) {
            return Err(format!("{at}: {value} is none of {key}"));
        }
    }
    let said = |key: &str| schema.get(key).filter(|said| !said.is_null());
    if said("const").is_some_and(|said| said != value)
        || said("enum").is_some_and(|_| !each("enum").any(|one| one == value))
        || said("type").is_some_and(|kind| !is_of(kind, value))
        || !is_within(schema, value)
    {
        return Err(format!("{at}: {value} is not {schema}"));
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(items) = said("items") {
            check(root, items, element, &format!("{at}[{index}]"))?;
        }
    }
    let Some(entries) = value.as_object() else { return Ok(()) };
    if let Some(missing) = each("required").find(|key| !entries.contains_key(key.as_str().unwrap()))
    {
        return Err(format!("{at}: {missing} is missing"));
    }
    for (key, entry) in entries {
        let at = format!("{at}.{key}");
        match (said("properties").and_then(|all| all.get(key)), said("additionalProperties")) {
            (Some(property), _) => check(root, property, entry, &at)?,
            (None, Some(Value::Bool(false))) => return Err(format!("{at}: unknown")),
            (None, Some(other)) => check(root, other, entry, &at)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => panic!("unknown type {kind}"),
    }
}

fn is_within(schema: &Value, value: &Value) -> bool {
    let length = match value {
        Value::Array(values) => Some(("minItems", "maxItems", values.len())),
        Value::Object(entries) => Some(("minProperties", "maxProperties", entries.len())),
        Value::String(text) => Some(("minLength", "maxLength", text.len())),
        _ => None,
    };
    let long_enough = length.is_none_or(|(least, most, length)| {
        let length = length as u64;
        schema[least].as_u64().is_none_or(|least| length >= least)
            && schema[most].as_u64().is_none_or(|most| length <= most)
    });
    let bound = |key: &str| schema[key].as_f64();
    long_enough
        && value.as_f64().is_none_or(|number| {
            bound("minimum").is_none_or(|least| number >= least)
                && bound("exclusiveMinimum").is_none_or(|least| number > least)
                && bound("maximum").is_none_or(|most| number <= most)
        })
}
