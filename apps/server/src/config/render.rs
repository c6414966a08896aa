//! The documents that follow from the table.

use super::{Setting, settings};

/// `docs/configuration.md`. `exit_codes` is a Markdown table of them.
#[must_use]
pub fn guide(exit_codes: &str) -> String {
    let mut tables = String::new();
    for group in settings().chunk_by(|one, next| one.group == next.group) {
        let title = group.first().map_or("", |setting| setting.group);
        tables.push_str(&format!("## {title}\n\n| variable | default | for | takes |\n| --- | --- | --- | --- |\n"));
        for setting in group {
            tables.push_str(&format!(
                "| `{}`{} | {} | {} | {} |\n",
                setting.name,
                if setting.secret { " (secret)" } else { "" },
                default(setting),
                cell(setting.help),
                cell(&setting.expected),
            ));
        }
        tables.push('\n');
    }
    include_str!("guide.md").replace("{settings}", tables.trim_end()).replace("{exit_codes}", exit_codes.trim_end())
}

/// `.env.example`: every setting with its default, commented out.
#[must_use]
pub fn env_example() -> String {
    let mut text = String::from(
        "# Copy to `.env` and uncomment what differs. Written by `botcriptofy config --as env`; a test compares.\n",
    );
    for group in settings().chunk_by(|one, next| one.group == next.group) {
        let title = group.first().map_or("", |setting| setting.group);
        text.push_str(&format!("\n# --- {title} ---\n"));
        for setting in group {
            text.push_str(&example(setting));
        }
    }
    text
}

fn example(setting: &Setting) -> String {
    let Setting { name, help, default, has_default, expected, .. } = setting;
    let mut text = format!("\n# {help}\n# Takes {expected}.\n");
    if !has_default {
        text.push_str(&format!("# Without it: {default}.\n"));
    }
    let value = if *has_default { *default } else { "" };
    let quote = if value.contains(' ') { "'" } else { "" };
    // what has a name of the operator's own is no setting before it has one
    let mark = if setting.is_named() { "# " } else { "#" };
    text + format!("{mark}{name}={quote}{value}{quote}\n").as_str()
}

fn default(setting: &Setting) -> String {
    match setting.default {
        "" => "none".to_owned(),
        value if setting.has_default => format!("`{value}`"),
        words => words.to_owned(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
