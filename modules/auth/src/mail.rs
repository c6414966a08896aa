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

/// What a mail is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Portuguese,
}

/// What a mail says. What a stranger could have chosen, such as a name, has no place in it: it would reach whomever
/// they address.
pub struct Words {
    pub(crate) language: Language,
    pub(crate) subject: &'static str,
    pub(crate) why: &'static str,
    pub(crate) note: &'static str,
}

impl Language {
    /// Portuguese for its speakers, else English.
    pub fn of(locale: &str) -> Self {
        if locale.split('-').next() == Some("pt") { Self::Portuguese } else { Self::English }
    }

    /// The words of this language: subject, why the mail comes, and what to do about it.
    pub fn words(self, english: [&'static str; 3], portuguese: [&'static str; 3]) -> Words {
        let [subject, why, note] = self.choose(english, portuguese);
        Words { language: self, subject, why, note }
    }

    /// What is said in this language.
    pub(crate) fn choose<T>(self, english: T, portuguese: T) -> T {
        match self {
            Self::English => english,
            Self::Portuguese => portuguese,
        }
    }
}

impl Mail {
    /// A mail that asks its reader to open a link, which has a line of the plain text for itself.
    pub fn with_link(to: &str, words: &Words, link: &str) -> Self {
        let html = format!("<p><a href=\"{}\">{}</a></p>", escaped(link), escaped(words.subject));
        Self::new(to, words, link, &html)
    }

    /// A mail that tells of something, with facts of it: what each is called, and what it is.
    pub fn with_facts(to: &str, words: &Words, facts: &[(&str, String)]) -> Self {
        let text: Vec<_> = facts.iter().map(|(name, fact)| format!("{name}: {fact}")).collect();
        let html: String =
            facts.iter().map(|(name, fact)| format!("<li>{}: {}</li>", escaped(name), escaped(fact))).collect();
        Self::new(to, words, &text.join("\n"), &format!("<ul>{html}</ul>"))
    }

    /// The same, with these lines at its end.
    pub(crate) fn signed(mut self, signature: &[String]) -> Self {
        if !signature.is_empty() {
            self.text.push_str(&format!("\n-- \n{}\n", signature.join("\n")));
            let lines: Vec<_> = signature.iter().map(|line| escaped(line)).collect();
            let end = format!("<p>-- <br>{}</p>\n</html>\n", lines.join("<br>"));
            self.html = self.html.trim_end().trim_end_matches("</html>").to_owned() + &end;
        }
        self
    }

    fn new(to: &str, words: &Words, middle: &str, html_middle: &str) -> Self {
        let Words { language, subject, why, note } = words;
        let (hello, lang) = language.choose(("Hello,", "en"), ("Olá,", "pt-BR"));
        let text = format!("{hello}\n\n{why}\n\n{middle}\n\n{note}\n");
        let [why, note] = [why, note].map(|it| escaped(it));
        let html = format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<meta charset=\"utf-8\">\n<p>{hello}</p>\n<p>{why}</p>\n\
             {html_middle}\n<p>{note}</p>\n</html>\n"
        );
        Self { to: to.to_owned(), subject: (*subject).to_owned(), text, html }
    }
}

/// A text as HTML shows it.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: [&str; 3] = ["Subject", "Why.", "Note."];
    const PORTUGUESE: [&str; 3] = ["Assunto", "Por quê.", "Nota."];

    #[test]
    fn a_link_is_a_line_of_the_text_and_no_markup_of_the_html() {
        let words = Language::English.words(ENGLISH, PORTUGUESE);
        let mail = Mail::with_link("a@b.co", &words, "https://x.example/?a=b&c=\"d");
        assert!(mail.html.contains("href=\"https://x.example/?a=b&amp;c=&quot;d\""), "{}", mail.html);
        assert!(mail.text.lines().any(|line| line == "https://x.example/?a=b&c=\"d"), "{}", mail.text);
    }

    #[test]
    fn speakers_of_portuguese_are_written_to_in_it_and_others_in_english() {
        for (locale, subject, hello) in [
            ("pt-BR", "Assunto", "Olá,"),
            ("pt", "Assunto", "Olá,"),
            ("en", "Subject", "Hello,"),
            ("ptx", "Subject", ""),
        ] {
            let words = Language::of(locale).words(ENGLISH, PORTUGUESE);
            let mail = Mail::with_facts("a@b.co", &words, &[("When", "<now>".to_owned())]);
            assert!(mail.subject == subject && mail.text.starts_with(hello), "{locale}: {mail:?}");
            assert!(mail.text.contains("\nWhen: <now>\n") && mail.html.contains("<li>When: &lt;now&gt;</li>"));
        }
    }
}
