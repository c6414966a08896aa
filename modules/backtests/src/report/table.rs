//! A table in the making.

use std::fmt::Write;

/// Heads whose columns hold words and not figures.
const WORDS: [&str; 4] = ["Symbol", "Reason", "Chosen", "What"];

/// A table whose rows are named by their first cell.
pub(super) struct Table(String);

impl Table {
    /// A table with a head for each column. Its caption is for those who do not see the heading above it.
    pub(super) fn new<'a>(caption: &str, heads: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of("plain", caption, heads)
    }

    /// The same, of a class. Caption and heads are markup already.
    pub(super) fn of<'a>(class: &str, caption: &str, heads: impl IntoIterator<Item = &'a str>) -> Self {
        let mut table = Self(format!("<table class=\"{class}\"><caption>{caption}</caption><thead><tr>"));
        for head in heads {
            let word = if WORDS.contains(&head) { " class=\"word\"" } else { "" };
            table.push(&format!("<th scope=\"col\"{word}>{head}</th>"));
        }
        table.push("</tr></thead><tbody>");
        table
    }

    /// A row: what it is about, and its cells.
    pub(super) fn row(&mut self, name: &str, cells: &str) {
        // writing to a String cannot fail
        let _ = write!(self.0, "<tr><th scope=\"row\">{name}</th>{cells}</tr>");
    }

    /// Whatever stands between rows.
    pub(super) fn push(&mut self, html: &str) {
        self.0.push_str(html);
    }

    pub(super) fn end(mut self) -> String {
        self.push("</tbody></table>");
        self.0
    }
}
