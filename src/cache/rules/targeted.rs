use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use sfv::{BareItem, Dictionary, ListEntry, Parser, Version};

use super::{ResponseControl, directives::Argument};

/// What a targeted field says (RFC 9213); `None` if it is not there, empty, or no dictionary of directives.
pub(super) fn control(headers: &HeaderMap, name: &HeaderName) -> Option<ResponseControl> {
    let mut lines = headers.get_all(name).iter().map(|line| line.as_bytes());
    let first = lines.next()?;
    let mut value = Cow::Borrowed(first);
    for line in lines {
        let joined = value.to_mut();
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(line);
    }
    let parser = Parser::new(&value).with_version(Version::Rfc8941);
    let members: Dictionary = parser.parse().ok()?;
    if members.is_empty() {
        return None;
    }
    let mut control = ResponseControl { targeted: true, ..ResponseControl::default() };
    for (key, member) in &members {
        take(&mut control, key.as_str().as_bytes(), member)?;
    }
    Some(control)
}

/// `None` if a directive that is known has a value of another type than it should: such a field is as good as none.
fn take(control: &mut ResponseControl, name: &[u8], member: &ListEntry) -> Option<()> {
    let value = match member {
        ListEntry::Item(item) => Some(&item.bare_item),
        ListEntry::InnerList(_) => None,
    };
    match name {
        b"max-age" | b"s-maxage" | b"stale-while-revalidate" | b"stale-if-error" => {
            let Some(BareItem::Integer(seconds)) = value else { return None };
            control.take(name, Argument::Text(i64::from(*seconds).to_string().as_bytes()));
        }
        b"no-cache" | b"private" if matches!(value, Some(BareItem::String(_))) => {
            let Some(BareItem::String(fields)) = value else { return None };
            control.take(name, Argument::Text(fields.as_str().as_bytes()));
        }
        b"no-store" | b"no-cache" | b"private" | b"must-revalidate" | b"proxy-revalidate"
        | b"no-transform" | b"public" | b"must-understand" | b"immutable" => match value {
            Some(BareItem::Boolean(true)) => control.take(name, Argument::Absent),
            Some(BareItem::Boolean(false)) => {}
            _ => return None,
        },
        _ => {}
    }
    Some(())
}
