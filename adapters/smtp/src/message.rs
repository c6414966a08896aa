use auth::Mail;
use kit::{Clock, Error, Ids, Result};
use lettre::{
    Message,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType},
    },
};

/// In whose name mails are sent.
pub(crate) struct Sender {
    pub(crate) from: Mailbox,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

impl Sender {
    /// The mail as text and HTML. Where its way takes eight bits, the text travels as it is.
    pub(crate) fn message(&self, mail: &Mail, to: Mailbox, eight_bits: bool) -> Result<Message> {
        let id = format!("<{}@{}>", self.ids.token(24), self.from.email.domain());
        let parts = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, plain(&mail.text, eight_bits)))
            .singlepart(part(ContentType::TEXT_HTML, Body::new(mail.html.clone())));
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&mail.subject)
            .date(self.clock.now().utc().into())
            .message_id(Some(id))
            .multipart(parts)
            .map_err(Error::internal)
    }
}

/// The longest line that mail servers pass on, in bytes without its end (RFC 5322, 2.1.1).
const LONGEST_LINE: usize = 998;

/// The text as it is, where it may travel so: a link stays whole. The library would fold lines beyond 76 letters.
fn plain(text: &str, eight_bits: bool) -> Body {
    let encoding = match text.is_ascii() {
        true => Some(ContentTransferEncoding::SevenBit),
        false => eight_bits.then_some(ContentTransferEncoding::EightBit),
    };
    let fits = text.lines().all(|line| line.len() <= LONGEST_LINE);
    match encoding.filter(|_| fits) {
        Some(encoding) => {
            let lines: String = text.lines().flat_map(|line| [line, "\r\n"]).collect();
            Body::dangerous_pre_encoded(lines.into_bytes(), encoding)
        }
        None => Body::new(text.to_owned()),
    }
}

fn part(kind: ContentType, body: Body) -> SinglePart {
    SinglePart::builder().header(kind).body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_travels_as_it_is_where_it_may() {
        let link = "x".repeat(LONGEST_LINE);
        let as_it_is = |text: &str, eight_bits| match plain(text, eight_bits).encoding() {
            seven_or_eight @ (ContentTransferEncoding::SevenBit | ContentTransferEncoding::EightBit) => {
                Some(seven_or_eight)
            }
            _ => None,
        };
        assert_eq!(as_it_is(&link, false), Some(ContentTransferEncoding::SevenBit));
        assert_eq!(as_it_is("Olá", true), Some(ContentTransferEncoding::EightBit));
        assert_eq!(as_it_is("Olá", false), None);
        assert_eq!(as_it_is(&(link + "y"), true), None);
        assert_eq!(plain("a\r\nb\nc", false).into_vec(), b"a\r\nb\r\nc\r\n");
    }
}
