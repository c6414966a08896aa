use std::error::Error;
use std::fmt::{Debug, Display, Write};
use std::marker::PhantomData;
use std::ops::Range;

use serde::Serialize;
use tracing::field::{Field, Visit};

use super::redact::{is_sensitive, mask};

/// The longest text of one field, in bytes: room for a stack trace, not for a document.
const LONGEST: usize = 32 * 1024;

/// How values are written in a line.
pub(super) trait Encode {
    /// A text, of which control characters must not reach the line as they are.
    fn text(out: &mut Vec<u8>, text: &str);
    /// The event's message.
    fn message(out: &mut Vec<u8>, text: &str);
    /// A number or a truth.
    fn scalar<T: Serialize + Display>(out: &mut Vec<u8>, value: T);
}

/// Named values as they will stand in the line, each name once.
#[derive(Debug, Default)]
pub(super) struct Fields {
    text: Vec<u8>,
    places: Vec<(&'static str, Range<usize>)>,
}

impl Fields {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.places.clear();
    }

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let (_, place) = self.places.iter().find(|(known, _)| *known == name)?;
        self.text.get(place.clone())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.places.iter().filter_map(|(name, place)| Some((*name, self.text.get(place.clone())?)))
    }

    /// Adds what `outer` has and this does not.
    pub(super) fn inherit(&mut self, outer: &Self) {
        for (name, value) in outer.iter() {
            if self.get(name).is_none() {
                self.set(name, |text| text.extend_from_slice(value));
            }
        }
    }

    /// Sets a value, in place of an earlier one of that name.
    fn set(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(index) = self.places.iter().position(|(known, _)| *known == name) {
            let (_, gone) = self.places.remove(index);
            for (_, place) in self.places.iter_mut().skip(index) {
                *place = place.start - gone.len()..place.end - gone.len();
            }
            self.text.drain(gone);
        }
        let start = self.text.len();
        write(&mut self.text);
        self.places.push((name, start..self.text.len()));
    }
}

/// Collects the fields of an event or span, masked.
pub(super) struct Collector<'a, E> {
    fields: &'a mut Fields,
    /// For texts before they are masked and encoded.
    scratch: &'a mut String,
    encode: PhantomData<E>,
}

impl<'a, E: Encode> Collector<'a, E> {
    pub(super) fn new(fields: &'a mut Fields, scratch: &'a mut String) -> Self {
        Self { fields, scratch, encode: PhantomData }
    }

    fn put(&mut self, field: &Field, write: impl FnOnce(&mut Vec<u8>)) {
        let name = field.name();
        if is_sensitive(name) {
            self.fields.set(name, |out| E::text(out, "***"));
        } else if !name.starts_with("log.") {
            // `log.file` and the like are what the bridge from the `log` crate adds.
            self.fields.set(name, write);
        }
    }

    fn put_text(&mut self, field: &Field, text: &str) {
        let text = mask(shortened(text));
        match field.name() {
            "message" => self.put(field, |out| E::message(out, &text)),
            _ => self.put(field, |out| E::text(out, &text)),
        }
    }

    fn put_written(&mut self, field: &Field, write: impl FnOnce(&mut String) -> std::fmt::Result) {
        let mut text = std::mem::take(self.scratch);
        text.clear();
        // A value whose own formatting fails is logged as far as it came.
        let _ = write(&mut text);
        self.put_text(field, &text);
        *self.scratch = text;
    }
}

impl<E: Encode> Visit for Collector<'_, E> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, |out| E::scalar(out, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |out| E::scalar(out, value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, |out| E::scalar(out, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, |out| E::scalar(out, value));
    }

    /// The error and what caused it, innermost last.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put_written(field, |text| {
            write!(text, "{value}")?;
            let mut cause = value.source();
            while let Some(error) = cause {
                write!(text, ": {error}")?;
                cause = error.source();
            }
            Ok(())
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put_written(field, |text| write!(text, "{value:?}"));
    }
}

fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}
