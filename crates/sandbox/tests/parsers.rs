//! What strangers send: no text makes the readers panic, and what they accept is within its limits.

use proptest::prelude::*;
use sandbox::{
    rest::params::{MOST, Params, payload},
    stream::request::{read, read_ask},
};

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("symbol=BTCUSDT".to_owned()),
        Just("quantity=0.00000001".to_owned()),
        Just("price=%31%2E5".to_owned()),
        Just("signature=00ff".to_owned()),
        Just("timestamp=1".to_owned()),
        "[a-z]{0,6}=[0-9.]{0,24}",
        "\\PC{0,12}",
        "%[0-9a-fA-F]{0,3}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.join("&"))
}

proptest! {
    #[test]
    fn parameters_are_read_or_refused(query in pieces(), body in pieces()) {
        let signed = payload(&query, &body);
        prop_assert!(signed.len() <= query.len() + body.len());
        prop_assert!(!signed.split('&').any(|pair| pair.starts_with("signature=")) || body.starts_with("signature="));
        let Ok(params) = Params::read(&query, &body) else { return Ok(()) };
        prop_assert!(!params.sorted_payload().split('&').any(|pair| pair.starts_with("signature=")));
        for name in ["quantity", "price", "timestamp", "a"] {
            if let Ok(Some(number)) = params.decimal(name) {
                prop_assert!(number.scale() <= 8 && !number.is_sign_negative());
            }
            prop_assert!(params.integer(name).ok().flatten().is_none_or(|it| it >= 0));
            prop_assert!(params.limit(500, 1_000).ok().is_none_or(|it| (1..=1_000).contains(&it)));
            prop_assert!(params.name(name).ok().flatten().is_none_or(|it| it.len() <= 36));
        }
    }

    #[test]
    fn messages_are_read_or_refused(text in "\\PC{0,200}") {
        let (id, _) = read(&text);
        prop_assert!(!id.is_object() && !id.is_array());
        if let Err((id, why)) = read_ask(&text) {
            prop_assert!(!why.is_empty() && !id.is_object());
        }
    }

    #[test]
    fn messages_of_the_right_shape_are_read_or_refused(
        method in prop_oneof![Just("SUBSCRIBE".to_owned()), Just("SET_PROPERTY".to_owned()), Just("order.place".to_owned()), "[A-Z_]{0,12}"],
        params in prop_oneof![Just("[\"a@trade\"]".to_owned()), Just("{\"a\":1}".to_owned()), Just("[\"combined\",true]".to_owned()), Just("null".to_owned()), "[0-9]{1,5}"],
        id in prop_oneof![Just("1".to_owned()), Just("\"x\"".to_owned()), Just("{}".to_owned()), Just("null".to_owned())],
    ) {
        let text = format!(r#"{{"method":"{method}","params":{params},"id":{id}}}"#);
        let (name, request) = read(&text);
        let named = name.to_string();
        prop_assert!(request.is_err() || named == id);
        let is_object = params.starts_with('{') || params == "null";
        prop_assert!(read_ask(&text).is_err() || is_object);
    }

    #[test]
    fn decimals_are_what_they_say(whole in 0..1_000_000_000_u64, part in 0..100_000_000_u64) {
        let text = format!("{whole}.{part:08}");
        let params = Params::read(&format!("price={text}"), "").map_err(|it| TestCaseError::fail(it.to_string()))?;
        let read = params.decimal("price").map_err(|it| TestCaseError::fail(it.to_string()))?;
        prop_assert_eq!(read.map(sandbox::exchange::figures::text), Some(text));
    }
}

#[test]
fn limits_are_kept() {
    let many: Vec<String> = (0..=MOST).map(|it| format!("p{it}=1")).collect();
    assert_eq!(Params::read(&many.join("&"), "").map_err(|it| it.code), Err(-1101));
    assert_eq!(Params::read("a=1", "a=2").map_err(|it| it.code), Err(-1101));
    assert_eq!(Params::read(&format!("a={}", "x".repeat(20_000)), "").map_err(|it| it.code), Err(-1100));
    for (text, code) in
        [("1.123456789", -1111), ("-1", -1100), ("1e5", -1100), ("1234567890123456", -1100), ("", -1105)]
    {
        let read = Params::read(&format!("a={text}"), "").map(|params| params.decimal("a").map_err(|it| it.code));
        assert_eq!(read, Ok(Err(code)), "{text}");
    }
}
