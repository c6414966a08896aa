/// The longest name that a domain's part may have.
const LONGEST: usize = 63;

/// Names that a visitor would take for the platform's own.
const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "api",
    "app",
    "apps",
    "assets",
    "auth",
    "autoconfig",
    "autodiscover",
    "billing",
    "blog",
    "botcriptofy",
    "cdn",
    "dashboard",
    "dev",
    "docs",
    "email",
    "ftp",
    "health",
    "help",
    "imap",
    "internal",
    "isatap",
    "localhost",
    "login",
    "mail",
    "metrics",
    "mta-sts",
    "mx",
    "noc",
    "ns",
    "ns1",
    "ns2",
    "oauth",
    "ops",
    "pay",
    "payments",
    "pop",
    "pop3",
    "postmaster",
    "register",
    "root",
    "secure",
    "security",
    "signin",
    "sign-in",
    "signup",
    "sign-up",
    "smtp",
    "sso",
    "staging",
    "static",
    "status",
    "support",
    "swagger",
    "sysadmin",
    "system",
    "webmail",
    "webmaster",
    "wpad",
    "ws",
    "www",
];

/// What a hasty reader takes for other letters.
const LOOKS_LIKE: [(u8, &[u8]); 7] =
    [(b'0', b"o"), (b'1', b"il"), (b'3', b"e"), (b'4', b"a"), (b'5', b"s"), (b'7', b"t"), (b'8', b"b")];

/// Whether nobody may have the slug, since it would pass for the platform's own: one of its names, with figures for
/// letters or with hyphens in it, or any that has the platform's own in it.
pub fn is_reserved(slug: &str) -> bool {
    let bare = slug.replace('-', "");
    let read = bare.replace("rn", "m").replace("vv", "w");
    let passes_for =
        |text: &str, name: &str| text.len() == name.len() && text.bytes().zip(name.bytes()).all(looks_like);
    let within = |text: &str, name: &str| {
        (0..text.len()).any(|at| text.get(at..at + name.len()).is_some_and(|part| passes_for(part, name)))
    };
    [bare, read]
        .iter()
        .any(|text| RESERVED.iter().any(|name| passes_for(text, &name.replace('-', ""))) || within(text, "botcriptofy"))
}

fn looks_like((letter, meant): (u8, u8)) -> bool {
    letter == meant || LOOKS_LIKE.iter().any(|(sign, letters)| *sign == letter && letters.contains(&meant))
}

/// The name as a part of a domain: small letters and digits, with single hyphens between them, at most `LONGEST`
/// less `room` for what comes after it. A name without any is `tenant`.
pub(crate) fn slug(name: &str, room: usize) -> String {
    let mut slug = String::new();
    for letter in name.chars().map(plain) {
        match letter {
            Some(letter) => slug.push(letter),
            None if slug.is_empty() || slug.ends_with('-') => {}
            None => slug.push('-'),
        }
        if slug.len() >= LONGEST - room {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "tenant".to_owned() } else { slug.to_owned() }
}

/// The letter without its accent.
fn plain(letter: char) -> Option<char> {
    let letter = letter.to_lowercase().next().unwrap_or(letter);
    match letter {
        'a'..='z' | '0'..='9' => Some(letter),
        'à'..='å' => Some('a'),
        'ç' => Some('c'),
        'è'..='ë' => Some('e'),
        'ì'..='ï' => Some('i'),
        'ñ' => Some('n'),
        'ò'..='ö' | 'ø' => Some('o'),
        'ù'..='ü' => Some('u'),
        'ý' | 'ÿ' => Some('y'),
        _ => None,
    }
}

/// Whether the text may be a tenant's slug. Two hyphens in the third and fourth place begin a name in another
/// alphabet (RFC 5891), which browsers show as letters that look like those of others.
pub fn is_slug(text: &str, _: &()) -> garde::Result {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let sound = bytes.len() <= LONGEST
        && bytes.iter().all(|&byte| inner(byte) || byte == b'-')
        && bytes.first().is_some_and(|&byte| inner(byte))
        && bytes.last().is_some_and(|&byte| inner(byte))
        && bytes.get(2..4) != Some(b"--");
    if sound { Ok(()) } else { Err(garde::Error::new("not a part of a domain: small letters, digits and hyphens")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_part_of_a_domain() {
        assert_eq!(slug("Ana & Filhos Participações Ltda.", 0), "ana-filhos-participacoes-ltda");
        assert_eq!(slug("  --  ", 0), "tenant");
        assert_eq!(slug("交易", 0), "tenant");
        assert_eq!(slug(&"ab ".repeat(100), 8).len(), 55);
        for name in ["Ação!", "a", "9 lives", &"x".repeat(500)] {
            assert!(is_slug(&slug(name, 0), &()).is_ok(), "{name}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "açaí", "xn--80ak6aa92e", &"x".repeat(64)] {
            assert!(is_slug(bad, &()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_passes_for_a_name_of_the_platforms_is_nobodys() {
        for name in [
            "www",
            "api",
            "admin",
            "adm1n",
            "a-d-m-i-n",
            "4dmin",
            "adrnin",
            "vvvvvv",
            "supp0rt",
            "5upp0rt",
            "l0gin",
            "log1n",
            "sign-in",
            "signin",
            "s1gn-1n",
            "pop3",
            "mta-sts",
            "botcriptofy",
            "b0tcr1pt0fy",
            "botcriptofy-support",
            "my-bot-criptofy",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["acme", "admins", "adamin", "api-traders", "mall", "supporters", "botcrypto", "tenant", "1", "a"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
