//! Defence in depth: nobody should log a secret, and what looks like one is masked all the same.

use std::borrow::Cow;
use std::ops::Range;

const MASK: &str = "***";

/// Words that make a name sensitive, in small letters.
const WORDS: &[&str] =
    &["password", "secret", "token", "cookie", "authorization", "apikey", "api_key", "api-key", "signature"];

/// Whether a field of this name holds a secret.
pub(super) fn is_sensitive(name: &str) -> bool {
    let bytes = name.as_bytes();
    (0..bytes.len()).any(|start| {
        let rest = bytes.get(start..).unwrap_or_default();
        // Most letters begin no word, and this is asked for every field of every line.
        matches!(bytes[start] | 0x20, b'p' | b's' | b't' | b'c' | b'a')
            && WORDS.iter().any(|word| rest.get(..word.len()).is_some_and(|x| x.eq_ignore_ascii_case(word.as_bytes())))
    })
}

/// The text with `***` for what follows a sensitive name and `=` or `:`, for what follows `Bearer`, and for the
/// password in a URL.
pub(super) fn mask(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut masked = String::new();
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        let secret = match bytes[at] {
            b':' if bytes[at..].starts_with(b"://") => url_password(bytes, at + 3),
            b':' | b'=' => named_value(text, at),
            b' ' if follows_bearer(bytes, at) => Some(value(bytes, at + 1)),
            _ => None,
        };
        match secret {
            Some(place) if !place.is_empty() => {
                masked.push_str(&text[copied..place.start]);
                masked.push_str(MASK);
                (copied, at) = (place.end, place.end);
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn is_space_or_quote(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'\'' | b'\\')
}

fn follows_bearer(bytes: &[u8], at: usize) -> bool {
    const BEARER: &[u8] = b"bearer";
    let Some(start) = at.checked_sub(BEARER.len()) else { return false };
    bytes[start..at].eq_ignore_ascii_case(BEARER) && !(start > 0 && is_word(bytes[start - 1]))
}

/// What a name before the sign at `at` names, if the name is sensitive.
fn named_value(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // `token::parse` is a path.
    if bytes.get(at + 1) == Some(&b':') || (at > 0 && bytes[at - 1] == b':') {
        return None;
    }
    let end = at - bytes[..at].iter().rev().take_while(|byte| is_space_or_quote(**byte)).count();
    let start = end - bytes[..end].iter().rev().take_while(|byte| is_word(**byte)).count();
    let name = text.get(start..end).filter(|name| is_sensitive(name))?;
    let from = at + 1 + bytes[at + 1..].iter().take_while(|byte| **byte == b' ').count();
    if name.to_ascii_lowercase().contains("cookie") {
        let line = bytes[from..].iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count();
        return Some(from..from + line);
    }
    Some(value(bytes, from))
}

/// A value from `from` on. What only leads to a value belongs to it: `Bearer`, or a further name with its sign.
fn value(bytes: &[u8], from: usize) -> Range<usize> {
    let first = piece(bytes, from);
    let mut last = first.clone();
    while let Some(next) = after_lead(bytes, &last) {
        let piece = piece(bytes, next);
        if piece.is_empty() {
            break;
        }
        last = piece;
    }
    first.start..last.end
}

/// Where the value begins that the piece leads to, if it does.
fn after_lead(bytes: &[u8], piece: &Range<usize>) -> Option<usize> {
    let text = &bytes[piece.clone()];
    let scheme = text.eq_ignore_ascii_case(b"bearer") || text.eq_ignore_ascii_case(b"basic");
    if scheme || text.ends_with(b":") || text.ends_with(b"=") {
        return Some(piece.end);
    }
    let gap = bytes[piece.end..].iter().take_while(|byte| is_space_or_quote(**byte)).count();
    let sign = piece.end + gap;
    matches!(bytes.get(sign), Some(b':' | b'=')).then_some(sign + 1)
}

/// What stands in quotes from `from` on, else all up to a space or separator.
fn piece(bytes: &[u8], from: usize) -> Range<usize> {
    let quotes = bytes[from..].iter().take_while(|byte| is_space_or_quote(**byte)).count();
    let start = from + quotes;
    let quoted = bytes[from..start].iter().any(|byte| *byte != b' ');
    let mut end = start;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' | b'\'' if end > start && bytes[end - 1] == b'(' => {
                // `Some("…")`
                end += 1 + bytes[end + 1..].iter().take_while(|other| *other != byte).count();
            }
            b'"' | b'\'' | b'\\' | b'\n' | b'\r' => break,
            b' ' | b'\t' | b',' | b';' | b'&' | b'}' if !quoted => break,
            _ => {}
        }
        end += 1;
    }
    start..end.min(bytes.len())
}

/// The password of `user:password@host` at `from`.
fn url_password(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b' ' | b'"' | b'\'' | b'\n');
    let length = bytes[from..].iter().position(ends).unwrap_or(bytes.len() - from);
    let authority = &bytes[from..from + length];
    let at = authority.iter().rposition(|byte| *byte == b'@')?;
    let colon = authority[..at].iter().position(|byte| *byte == b':')?;
    Some(from + colon + 1..from + at)
}
