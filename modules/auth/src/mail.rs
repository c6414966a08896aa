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
    /// A mail that asks its reader to open a link. The link has a line of the plain text for itself.
    pub(crate) fn with_link(to: &str, subject: &str, name: &str, why: &str, link: &str, note: &str) -> Self {
        let hello = if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") };
        let text = format!("{hello}\n\n{why}\n\n{link}\n\n{note}\n");
        let [hello, why, href, note] = [&hello, why, link, note].map(escaped);
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<p>{hello}</p>\n<p>{why}</p>\n\
             <p><a href=\"{href}\">{subject}</a></p>\n<p>{note}</p>\n</html>\n",
            subject = escaped(subject)
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
    fn what_a_user_is_called_is_no_markup() {
        let name = "<a href=\"https://evil.example\">";
        let mail = Mail::with_link("a@b.co", "Subject", name, "Why.", "https://x.example/?a=b&c=d", "Note.");
        assert!(mail.html.contains("Hello &lt;a href=&quot;https://evil.example&quot;&gt;,"));
        assert!(mail.html.contains("href=\"https://x.example/?a=b&amp;c=d\""));
        assert!(mail.text.lines().any(|line| line == "https://x.example/?a=b&c=d"));
    }
}
