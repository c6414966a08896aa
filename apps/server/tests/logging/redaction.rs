//! What no line may show.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use tracing::{info, info_span};

use super::{line_of, text_of};

#[test]
fn fields_whose_names_speak_of_secrets_are_masked() {
    let line = line_of(|| {
        let _span = info_span!("request", set_cookie = "c1", apiKey = "k1").entered();
        info!(
            password = "p1", new_Password = ?"p2", clientSecret = "s1", session_token = %"t1", Authorization = "a1",
            api_key = "k2", signature = 42, user_id = "ana", passage = "shown", "x"
        );
    });
    let context = line["context"].as_object().expect("an object");
    let mut shown: Vec<_> = context.iter().filter(|(_, value)| **value != json!("***")).map(|(name, _)| name).collect();
    shown.sort();
    assert_eq!(shown, ["passage", "user_id"]);
    assert_eq!(context.len(), 11);
}

#[test]
fn secrets_in_texts_are_masked() {
    let cases = [
        ("GET /verify?token=abc123&next=/home", "GET /verify?token=***&next=/home"),
        ("Authorization: Bearer eyJhbGciOi.J9 sent", "Authorization: *** sent"),
        ("sent with Bearer eyJhbGciOi.J9, refused", "sent with Bearer ***, refused"),
        ("bearer\u{20}\"abc\" refused", "bearer \"***\" refused"),
        ("Cookie: a=1; better-auth.session_token=xyz.abc\nHost: x", "Cookie: ***\nHost: x"),
        (r#"body {"user":"ana","password":"correct horse"}"#, r#"body {"user":"ana","password":"***"}"#),
        (r#"Login { password: Some("correct horse"), x: 1 }"#, "Login { password: ***, x: 1 }"),
        (r#"{\"api_key\":\"abc\"}"#, r#"{\"api_key\":\"***\"}"#),
        ("password = 'correct horse' given", "password = '***' given"),
        ("BETTER_AUTH_SECRET=abc", "BETTER_AUTH_SECRET=***"),
        ("connect postgres://app:hun:ter2@db/bots failed", "connect postgres://app:***@db/bots failed"),
        ("Bearer token: abc", "Bearer ***"),
        ("password: token = 'abc' given", "password: ***' given"),
        ("Authorization: Basic YTpi", "Authorization: ***"),
        ("X-Signature=é→ü, next", "X-Signature=***, next"),
    ];
    for (text, masked) in cases {
        let line = line_of(|| info!(value = text, "{text}"));
        assert_eq!((&line["message"], &line["context"]["value"]), (&json!(masked), &json!(masked)), "{text}");
    }
}

#[test]
fn ordinary_texts_are_left_alone() {
    let texts = [
        "← POST /api/auth/reset-password 200 45ms",
        "token::parse failed: a == b",
        "the bearer",
        "http://localhost:3000/a?b=c see https://example.com/@ana:1",
        "password=",
        "=:= :// @",
        "",
    ];
    for text in texts {
        assert_eq!(line_of(|| info!("{text}"))["message"], text);
    }
}

/// Everything that the masking looks at, with bars between.
const PIECES: &str = "token|password|Cookie|Authorization|bearer|Basic|Some|=|:|://|@|/| |\"|'|(|)|{|}|\\|,|;|&|\n|\r|\t|é|🦀|\u{a0}|\u{1b}|x|user";

/// Pieces in any order.
fn tricky_text() -> impl Strategy<Value = String> {
    prop::collection::vec(select(PIECES.split('|').collect::<Vec<_>>()), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_one_line_of_json(text in tricky_text()) {
        let line = text_of(|| info!(value = text.as_str(), "{text}"));
        prop_assert_eq!(line.lines().count(), 1);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{}", line);
    }

    #[test]
    fn a_named_secret_never_shows_whatever_words_and_signs_stand_before_it(
        before in tricky_text().prop_map(|text| text.replace(['"', '\'', '\\'], "")),
        name in select(&["token", "clientSecret", "X-Api-Key", "new_password", "Authorization"][..]),
        sign in select(&["=", ": ", "\":\"", " = '", ": Bearer "][..]),
    ) {
        let line = text_of(|| info!("{before} {name}{sign}hunter2"));
        prop_assert!(!line.contains("hunter2"), "{}", line);
    }
}
