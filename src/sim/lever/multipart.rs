//! Reading `multipart/form-data` (RFC 7578) as far as uploads need it. Bytes stay bytes.

use axum::body::Bytes;
use url::form_urlencoded;

/// One part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Bytes,
}

/// The parts of a body with this content type; `None` when it is no well-formed multipart body.
pub(crate) fn parts(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter may lack the line break before it.
    let first = delimiter.get(2..)?;
    let mut at = if body.starts_with(first.as_bytes()) { first.len() } else { find(body, 0, &delimiter)? + delimiter.len() };
    let mut parts = Vec::new();
    loop {
        let rest = body.get(at..)?;
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let start = at + rest.starts_with(b"\r\n").then_some(2)?;
        let head_end = find(body, start, "\r\n\r\n")?;
        let end = find(body, head_end + 2, &delimiter)?;
        let head = std::str::from_utf8(body.get(start..head_end)?).ok()?;
        parts.push(part(head, body.slice((head_end + 4).min(end)..end))?);
        at = end + delimiter.len();
    }
}

fn part(head: &str, bytes: Bytes) -> Option<Part> {
    let header = |name: &str| {
        let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let disposition = header("content-disposition")?;
    let name = parameter(disposition, "name")?;
    Some(Part {
        name,
        file_name: parameter(disposition, "filename*").and_then(|name| extended(&name)).or(parameter(disposition, "filename")),
        content_type: header("content-type").map(str::to_owned),
        bytes,
    })
}

/// A parameter of a header value, quoted or bare. A backslash keeps a quote inside quotes.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('=')?;
        let key = before.rsplit(';').next().unwrap_or_default().trim();
        let (value, remaining) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (value, remaining) = after.split_once(';').unwrap_or((after, ""));
            (value.trim().to_owned(), remaining)
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = remaining;
    }
}

/// A value such as `utf-8''Ada%20L.pdf` (RFC 5987), as clients send names that are not plain.
fn extended(value: &str) -> Option<String> {
    let (_, encoded) = value.split_once("''")?;
    // The form decoder reads a plus as a blank; here it is a plus.
    let encoded = encoded.replace('+', "%2B");
    form_urlencoded::parse(encoded.as_bytes()).next().map(|(name, _)| name.into_owned())
}

/// What stands before the closing quote, and the rest after it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut escaped) = (String::new(), false);
    for (at, character) in text.char_indices() {
        match character {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return Some((value, text.get(at + 1..)?)),
            other => {
                value.push(other);
                escaped = false;
            }
        }
    }
    None
}

fn find(bytes: &[u8], from: usize, wanted: &str) -> Option<usize> {
    let wanted = wanted.as_bytes();
    let mut windows = bytes.get(from..)?.windows(wanted.len());
    windows.position(|window| window == wanted).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=\"x-1\"";

    fn read(body: &str) -> Option<Vec<Part>> {
        parts(TYPE, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn parts_have_names_types_and_their_exact_bytes() {
        let body = "--x-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\r\n2\r\n--x-1\r\n\
                    content-type: application/pdf\r\nContent-Disposition: form-data; filename=\"Ada \\\"L\\\".pdf\"; name=file\r\n\r\n\
                    %PDF\r\n--x\r\n--x-1--\r\n";
        let parts = read(body).unwrap();
        assert_eq!((parts[0].name.as_str(), &parts[0].bytes[..]), ("a", &b"1\r\n\r\n2"[..]));
        assert_eq!((parts[0].file_name.as_ref(), parts[0].content_type.as_ref()), (None, None));
        assert_eq!((parts[1].name.as_str(), parts[1].file_name.as_deref()), ("file", Some("Ada \"L\".pdf")));
        assert_eq!((parts[1].content_type.as_deref(), &parts[1].bytes[..]), (Some("application/pdf"), &b"%PDF\r\n--x"[..]));
    }

    #[test]
    fn names_that_are_not_plain_come_encoded() {
        let body =
            "--x-1\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''A+B%20%C3%9F.pdf\r\n\r\n\r\n--x-1--";
        assert_eq!(read(body).unwrap()[0].file_name.as_deref(), Some("A+B ß.pdf"));
    }

    #[test]
    fn an_empty_part_and_what_is_no_multipart() {
        let empty = "--x-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--x-1--";
        assert_eq!(read(empty).unwrap()[0].bytes.len(), 0);
        assert_eq!(read("--x-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut"), None);
        assert_eq!(read("{}"), None);
        assert_eq!(parts("application/json", &Bytes::from_static(b"{}")), None);
        assert_eq!(parts("multipart/form-data", &Bytes::from_static(b"--x-1--")), None);
    }
}
