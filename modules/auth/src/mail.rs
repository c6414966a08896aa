use futures::future::BoxFuture;
use kit::Result;

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The address.
    pub to: String,
    pub subject: String,
    /// For readers of plain text.
    pub text: String,
    /// The same, for readers of HTML.
    pub html: String,
}

/// What sends mails; provided as `Arc<dyn Mailer>` where the program starts.
pub trait Mailer: Send + Sync {
    /// Sends a mail, or fails so that it is tried again later. It may be asked for the same mail twice.
    ///
    /// # Errors
    /// 4xx for an address that cannot be, which no repetition helps; 5xx for what may pass.
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<()>>;
}

impl Mail {
    /// A mail that asks its reader to open a link, which has a line of the plain text for itself. What a stranger
    /// could have chosen, such as a name, has no place in it: it would reach whomever they address.
    pub(crate) fn with_link(to: &str, subject: &str, why: &str, link: &str, note: &str) -> Self {
        let text = format!("Hello,\n\n{why}\n\n{link}\n\n{note}\n");
        let [title, why, href, note] = [subject, why, link, note].map(escaped);
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<p>Hello,</p>\n<p>{why}</p>\n\
             <p><a href=\"{href}\">{title}</a></p>\n<p>{note}</p>\n</html>\n"
        );
        Self { to: to.to_owned(), subject: subject.to_owned(), text, html }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_a_line_of_the_text_and_no_markup_of_the_html() {
        let mail = Mail::with_link("a@b.co", "Subject", "Why.", "https://x.example/?a=b&c=\"d", "Note.");
        assert!(mail.html.contains("href=\"https://x.example/?a=b&amp;c=&quot;d\""), "{}", mail.html);
        assert!(mail.text.lines().any(|line| line == "https://x.example/?a=b&c=\"d"), "{}", mail.text);
    }
}
