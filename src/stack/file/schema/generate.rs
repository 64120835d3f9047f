use schemars::{generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

use super::whole::File;

/// The JSON Schema of the file, for editors: the one that is committed as `weir.schema.json`.
///
/// ```
/// let schema = tower_weir::stack::schema();
/// assert_eq!(schema["title"], "tower-weir");
/// ```
///
/// A file that begins with `#:schema ./weir.schema.json` is completed and checked while it is written, by all editors that use
/// Taplo. What a schema cannot say is for [`Weir`](crate::stack) to find out.
pub fn schema() -> Value {
    // The newest that Taplo reads.
    let mut settings = SchemaSettings::draft07();
    // Before those that give what stands beside a reference a place that Taplo sees.
    settings.transforms.insert(0, Box::new(RecursiveTransform(without_null)));
    settings.into_generator().into_root_schema_for::<File>().to_value()
}

/// TOML has no null: what may be absent is so by not being required.
fn without_null(schema: &mut schemars::Schema) {
    let Some(schema) = schema.as_object_mut() else { return };
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = &**kinds {
            let kind = kind.clone();
            schema.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    let Some(Value::Array(alternatives)) = schema.get_mut("anyOf") else { return };
    let all = alternatives.len();
    alternatives.retain(|alternative| alternative["type"] != "null");
    if let ([Value::Object(_)], true) = (&**alternatives, alternatives.len() < all)
        && let Some(Value::Array(mut only)) = schema.remove("anyOf")
        && let Some(Value::Object(only)) = only.pop()
    {
        // The docs of the key go before those of its kind.
        for (key, value) in only {
            schema.entry(key).or_insert(value);
        }
    }
}
