//! Documents that are right, and every fault of those that are not.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use serde_json::{Value, json};
use trading::strategy::plan::Plan;
use trading::strategy::{Document, Fault, MAX_DEPTH, MAX_INDICATORS, MAX_PARTS, Program, schema};
use trading::time::Timeframe;

/// The example of the language.
fn full() -> Value {
    json!({
        "name": "SMA cross with a trend filter",
        "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m"},
        "indicators": {
            "fast": {"kind": "sma", "period": 10},
            "slow": {"kind": "sma", "period": 50},
            "bands": {"kind": "bbands", "period": 20, "deviationsUp": 2, "deviationsDown": 2},
            "trend": {"kind": "ema", "period": 200, "timeframe": "1h"}
        },
        "entry": {"all": [{"crossesAbove": ["fast", "slow"]}, {"gt": ["close", "trend"]}]},
        "exit": {"any": [{"crossesBelow": ["fast", "slow"]}, {"gt": ["close", "bands.upper"]}]},
        "sizing": {"kind": "percentEquity", "percent": "25"},
        "protect": {
            "stopLoss": {"percent": "3"},
            "takeProfit": [{"percent": "2", "sell": "50"}, {"percent": "5", "sell": "50"}],
            "trailingStop": {"percent": "2", "after": "1"},
            "maxHold": "3d"
        },
        "guards": {
            "cooldown": "30m",
            "maxTradesPerDay": 10,
            "pauseAfterLosses": {"losses": 3, "within": "1d", "pause": "4h"},
            "maxDrawdown": {"percent": "15"}
        }
    })
}

/// The example with another value at a JSON pointer, whose last key may be new.
fn with(pointer: &str, value: Value) -> Value {
    let mut document = full();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
    document
}

fn without(key: &str) -> Value {
    let mut document = full();
    document.as_object_mut().unwrap().remove(key);
    document
}

/// The document's rules, compiled.
fn program(document: &Document) -> Program {
    Program::compile(document.rules().unwrap(), document.market().timeframe)
}

fn faults(document: &Value) -> Vec<Fault> {
    Document::parse(document).unwrap_err()
}

/// Exactly these faults, each `path: message`.
#[track_caller]
fn told(document: &Value, expected: &[&str]) {
    let told: Vec<String> = faults(document).iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
}

#[test]
fn the_example_is_right_and_comes_back_from_its_own_json() {
    let document = Document::parse(&full()).unwrap();
    assert_eq!(document.market().timeframe, Timeframe::M5);
    assert_eq!(document.rules().unwrap().indicators()["trend"].timeframe, Some(Timeframe::H1));
    assert_eq!(Document::parse(&document.to_json()), Ok(document.clone()));
    assert_eq!(Document::parse_text(&document.to_json().to_string()), Ok(document.clone()));
    assert_eq!(serde_json::from_value::<Document>(full()).unwrap(), document);
    let plan: Plan = serde_json::from_value(json!({
        "sizing": full()["sizing"], "protect": full()["protect"], "guards": full()["guards"]
    }))
    .unwrap();
    assert_eq!(document.plan(), plan);
}

#[test]
fn the_normal_form_has_every_parameter() {
    let document = Document::parse(&with("/indicators/fast", json!({"kind": "macd", "fastPeriod": 8}))).unwrap_err();
    assert_eq!(document[0].path, "entry.all[0].crossesAbove[0]");
    let document = Document::parse(&with("/indicators/fast", json!({"kind": "rsi"}))).unwrap();
    assert_eq!(document.to_json()["indicators"]["fast"], json!({"kind": "rsi", "period": 14, "input": "close"}));
    let atr = Document::parse(&with("/indicators/fast", json!({"kind": "atr"}))).unwrap();
    assert_eq!(atr.to_json()["indicators"]["fast"], json!({"kind": "atr", "period": 14}));
}

#[test]
fn every_operator_is_understood() {
    for condition in [
        json!({"gt": ["fast", 1]}),
        json!({"gte": ["fast", -1.5]}),
        json!({"lt": ["typical", "hl2"]}),
        json!({"lte": ["bands.lower", "volume"]}),
        json!({"between": ["close", "bands.lower", "bands.upper"]}),
        json!({"rising": {"of": "fast", "over": 3}}),
        json!({"falling": {"of": {"sub": ["fast", "slow"]}, "over": 1}}),
        json!({"not": {"any": [{"lt": ["open", 5]}]}}),
        json!({"atLeast": {"count": 2, "of": [{"gt": ["open", 1]}, {"gt": ["high", 1]}, {"gt": ["low", 1]}]}}),
        json!({"gt": [{"of": "close", "shift": 5}, {"of": {"max": ["open", {"min": [1, "low"]}]}, "shift": 0}]}),
        json!({"gt": [{"add": [1, {"div": ["close", "open"]}]}, {"mul": [2, "fast.value"]}]}),
    ] {
        let document = Document::parse(&with("/entry", condition.clone()))
            .unwrap_or_else(|faults| panic!("{condition}: {faults:?}"));
        assert_eq!(document.to_json()["entry"], condition);
    }
}

#[test]
fn every_fault_is_told_at_once_with_its_path() {
    let document = json!({
        "name": "",
        "market": {"exchange": "Binance!", "symbol": "btcusdt", "timeframe": "5min", "marker": 1},
        "indicators": {
            "close": {"kind": "sma"},
            "f-1": {"kind": "sma"},
            "fast": {"kind": "smma", "period": 10},
            "slow": {"kind": "sma", "perod": 50},
            "bands": {"kind": "bbands", "period": 1, "deviationsUp": "2"},
            "swing": {"kind": "macd", "fastPeriod": 26, "slowPeriod": 12},
            "range": {"kind": "atr", "input": "open"},
            "wide": {"kind": "sma", "period": 10.5, "input": "closing"},
            "empty": {}
        },
        "entry": {"all": [{"crossesAbove": ["fsat", "slow"]}, {"gt": ["close"]}, {"gt": ["bands", "bands.upperr"]}]},
        "exti": {},
        "sizing": {"kind": "percentEquity", "percent": 25},
        "protect": {"stopLoss": {"percent": "100"}, "takeProfit": [{"percent": "5", "sell": "0"}], "maxHold": "3 days"},
        "guards": {"maxTradesPerDay": 0, "pauseAfterLosses": {"losses": 21, "within": "1d"}, "coldown": "1m"}
    });
    let told: Vec<String> = faults(&document).iter().map(|fault| format!("{} {}", fault.path, fault.code)).collect();
    assert_eq!(
        told,
        [
            "exti UNKNOWN_KEY",
            "name INVALID",
            "market.marker UNKNOWN_KEY",
            "market.exchange INVALID",
            "market.symbol INVALID",
            "market.timeframe INVALID",
            "indicators.close INVALID_ID",
            "indicators.f-1 INVALID_ID",
            "indicators.fast.kind UNKNOWN_WORD",
            "indicators.slow.perod UNKNOWN_KEY",
            "indicators.bands.deviationsUp WRONG_TYPE",
            "indicators.bands.period OUT_OF_RANGE",
            "indicators.swing.fastPeriod WRONG_ORDER",
            "indicators.range.input UNKNOWN_KEY",
            "indicators.wide.input UNKNOWN_WORD",
            "indicators.wide.period NOT_WHOLE",
            "indicators.empty.kind MISSING",
            "entry.all[0].crossesAbove[0] UNKNOWN_NAME",
            "entry.all[1].gt WRONG_LENGTH",
            "sizing.percent WRONG_TYPE",
            "protect.stopLoss.percent OUT_OF_RANGE",
            "protect.takeProfit[0].sell OUT_OF_RANGE",
            "protect.maxHold INVALID",
            "guards.coldown UNKNOWN_KEY",
            "guards.maxTradesPerDay OUT_OF_RANGE",
            "guards.pauseAfterLosses.pause MISSING",
            "guards.pauseAfterLosses.losses OUT_OF_RANGE",
        ]
    );
}

#[test]
fn a_symbol_or_a_time_frame_as_other_programs_write_it_has_ours_proposed() {
    let proposed = |pointer: &str, written: &str| {
        let told = faults(&with(pointer, json!(written)));
        assert_eq!(told.len(), 1, "{written}");
        told[0].message.split_once("(did you mean `").map(|(_, rest)| rest.trim_end_matches("`?)").to_owned())
    };
    let symbols = ["BTCUSDT", "btc/usdt", "BTC-USDT", "btc_usdt", " BTC/USDT", "BTC:USDT", "btc usdt", "BTCFDUSD"];
    let meant = symbols.map(|written| proposed("/market/symbol", written).unwrap());
    assert_eq!(meant[..7], ["BTC/USDT"; 7]);
    assert_eq!(meant[7], "BTC/FDUSD");
    for strange in ["", "USDT", "BTC", "BTC/USDT/X", "₿/USDT", "BTC/USDT:USDT"] {
        assert_eq!(proposed("/market/symbol", strange), None, "{strange}");
    }
    let frames = [
        ("5min", "5m"),
        ("M5", "5m"),
        ("5", "5m"),
        ("15 minutes", "15m"),
        ("60m", "1h"),
        ("1H", "1h"),
        ("4hours", "4h"),
        ("daily", "1d"),
        ("24h", "1d"),
        ("7d", "1w"),
        ("1month", "1M"),
        ("10m", "5m"),
        ("20m", "15m"),
    ];
    for (written, meant) in frames {
        assert_eq!(proposed("/market/timeframe", written).as_deref(), Some(meant), "{written}");
    }
    for strange in ["", "soon", "0m", "500d", "2months", "99999999999999999999m"] {
        assert_eq!(proposed("/market/timeframe", strange), None, "{strange}");
    }
    assert_eq!(proposed("/indicators/trend/timeframe", "60min").as_deref(), Some("1h"));
    let mut several = full();
    several["market"] = json!({"exchange": "binance", "symbols": ["BTC/USDT", "ethusdt"], "timeframe": "5m"});
    told(
        &several,
        &["market.symbols[1]: `ethusdt` is not a symbol; expected BASE/QUOTE in capital letters and digits, \
           such as BTC/USDT (did you mean `ETH/USDT`?)"],
    );
}

#[test]
fn the_nearest_right_word_is_proposed() {
    told(
        &with("/entry", json!({"crossesAbove": ["fsat", "bands.uper"]})),
        &[
            "entry.crossesAbove[0]: `fsat` is neither an indicator nor a candle field (did you mean `fast`?)",
            "entry.crossesAbove[1]: `bands` has no output `uper` (did you mean `upper`?); \
         it has bands.upper, bands.middle, bands.lower",
        ],
    );
    told(
        &with("/entry", json!({"crossAbove": ["fast", "slow"]})),
        &[
            "entry.crossAbove: unknown operator (did you mean `crossesAbove`?); expected gt, gte, lt, lte, crossesAbove, \
         crossesBelow, between, rising, falling, all, any, not, atLeast",
        ],
    );
    told(
        &with("/entry", json!({"gt": [{"plus": [1, 2]}, "bands"]})),
        &[
            "entry.gt[0].plus: unknown operator; expected add, sub, mul, div, min, max",
            "entry.gt[1]: `bands` has several outputs; name one of bands.upper, bands.middle, bands.lower",
        ],
    );
    told(
        &with("/entry", json!({"gt": ["fast.upper", "volum"]})),
        &[
            "entry.gt[0]: `fast` has one output only; write `fast`",
            "entry.gt[1]: `volum` is neither an indicator nor a candle field (did you mean `volume`?)",
        ],
    );
    told(
        &with("/indicators/fast", json!({"kind": "sma", "perid": 3})),
        &["indicators.fast.perid: unknown key (did you mean `period`?); expected kind, period, input, timeframe"],
    );
    let far = Document::parse(&with("/indicators/fast", json!({"kind": "emaa", "period": 3}))).unwrap_err();
    let count = trading::indicator::CATALOGUE.len();
    assert!(
        far[0].message.starts_with(&format!("unknown word `emaa`; the nearest of {count} are ema, ")),
        "{}",
        far[0]
    );
    assert_eq!(far[0].message.matches(", ").count(), 2, "three are proposed: {}", far[0]);
    told(
        &with("/sizing", json!({"kind": "percentequity", "percent": "1"})),
        &[
            "sizing.kind: unknown word `percentequity` (did you mean `percentEquity`?); expected fixedQuantity, fixedQuote, \
         percentEquity, allIn, riskPercent, atrRisk",
        ],
    );
    let renamed = {
        let mut document = without("guards");
        document["guard"] = json!({});
        document
    };
    told(
        &renamed,
        &[
            "guard: unknown key (did you mean `guards`?); expected name, market, entry, sizing, indicators, exit, protect, guards, orders",
        ],
    );
}

#[test]
fn wrong_types_lengths_and_numbers_are_precise() {
    for (pointer, value, expected) in [
        ("/name", json!(5), "name: expected a text, not a number"),
        ("/name", json!("x".repeat(101)), "name: a name has at most 100 characters"),
        ("/market", json!([]), "market: expected an object, not a list"),
        ("/indicators", json!([]), "indicators: expected indicators by their ids, not a list"),
        ("/indicators/fast", json!(10), "indicators.fast: expected an indicator: an object with a kind, not a number"),
        ("/indicators/fast/period", json!("10"), "indicators.fast.period: expected a number, not a text"),
        (
            "/indicators/fast/period",
            json!(10_001),
            "indicators.fast.period: period must be between 1 and 10000, not 10001",
        ),
        ("/indicators/fast/period", json!(2.5), "indicators.fast.period: period must be a whole number, not 2.5"),
        (
            "/indicators/trend/timeframe",
            json!("7m"),
            "indicators.trend.timeframe: `7m` is not a time frame; expected one of \
           1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M (did you mean `5m`?)",
        ),
        (
            "/indicators/trend/timeframe",
            json!("1m"),
            "indicators.trend.timeframe: candles of 1m cannot be made of candles of 5m",
        ),
        ("/entry", json!(null), "entry: expected a condition such as {\"gt\": [\"close\", \"slow\"]}, not null"),
        ("/entry", json!({}), "entry: expected exactly one operator, not 0; join several with all or any"),
        (
            "/entry",
            json!({"gt": [1, 2], "lt": [1, 2]}),
            "entry: expected exactly one operator, not 2; join several with all or any",
        ),
        ("/entry", json!({"all": []}), "entry.all: expected 1 to 50 items, not 0"),
        ("/entry", json!({"between": ["close", 1]}), "entry.between: expected 3 items, not 2"),
        (
            "/entry",
            json!({"gt": ["close", true]}),
            "entry.gt[1]: expected an operand: a name, a number or a calculation, not a boolean",
        ),
        (
            "/entry",
            json!({"gt": ["close", 1e16]}),
            "entry.gt[1]: a constant lies between -1e15 and 1e15, not 10000000000000000",
        ),
        (
            "/entry",
            json!({"gt": ["close", {"of": "open", "shift": -1}]}),
            "entry.gt[1].shift: expected a whole number between 0 and 1000, not -1",
        ),
        ("/entry", json!({"gt": ["close", {"of": "open"}]}), "entry.gt[1].shift: `shift` is missing"),
        (
            "/entry",
            json!({"rising": {"of": "fast", "over": 0}}),
            "entry.rising.over: expected a whole number between 1 and 1000, not 0",
        ),
        ("/entry", json!({"rising": ["fast", 3]}), "entry.rising: expected an object, not a list"),
        (
            "/entry",
            json!({"atLeast": {"count": 2, "of": [{"gt": [1, 2]}]}}),
            "entry.atLeast.count: expected a whole number between 1 and 1, not 2",
        ),
        ("/sizing", json!({"kind": "allIn", "percent": "5"}), "sizing.percent: unknown key; expected kind"),
        ("/sizing/percent", json!(25), "sizing.percent: expected a decimal number as text: write \"25\""),
        ("/sizing/percent", json!("NaN"), "sizing.percent: `NaN` is not a decimal number such as \"12.5\""),
        ("/sizing/percent", json!("101"), "sizing.percent: must be above 0 and at most 100, not 101"),
        ("/sizing", json!({"kind": "fixedQuantity", "quantity": "0"}), "sizing.quantity: must be above 0, not 0"),
        (
            "/sizing",
            json!({"kind": "atrRisk", "percent": "1", "period": 1001, "multiple": "2"}),
            "sizing.period: expected a whole number between 1 and 1000, not 1001",
        ),
        ("/protect/takeProfit/1/percent", json!("2"), "protect.takeProfit[1].percent: must be above the target before"),
        (
            "/protect/takeProfit/1/sell",
            json!("50.1"),
            "protect.takeProfit[1].sell: the parts sum to 100.1 so far, which is above 100",
        ),
        (
            "/guards/pauseAfterLosses/losses",
            json!(21),
            "guards.pauseAfterLosses.losses: expected a whole number between 1 and 20, not 21",
        ),
        ("/guards/cooldown", json!(30), "guards.cooldown: expected a text, not a number"),
    ] {
        told(&with(pointer, value), &[expected]);
    }
    told(&json!([]), &["expected a strategy: an object, not a list"]);
}

#[test]
fn what_must_be_there_is_missed() {
    for key in ["name", "market", "entry", "sizing"] {
        let told: Vec<_> = faults(&without(key)).into_iter().map(|fault| (fault.path, fault.code)).collect();
        assert_eq!(told, [(key.to_owned(), "MISSING")]);
    }
    for key in ["exit", "protect", "guards"] {
        assert!(Document::parse(&without(key)).is_ok(), "{key}");
    }
    let mut bare = without("exit");
    bare.as_object_mut().unwrap().remove("protect");
    told(&bare, &["exit: `exit` is missing, and nothing in `protect` sells either"]);
    bare["sizing"] = json!({"kind": "riskPercent", "percent": "1"});
    bare["exit"] = full()["exit"].clone();
    told(&bare, &["sizing: riskPercent needs protect.stopLoss"]);
}

#[test]
fn a_fault_of_an_indicator_is_not_told_again_where_it_is_used() {
    let document = with("/indicators/fast", json!({"kind": "sma", "period": 0}));
    told(&document, &["indicators.fast.period: period must be between 1 and 10000, not 0"]);
    told(&with("/indicators", json!(1)), &["indicators: expected indicators by their ids, not a number"]);
}

#[test]
fn a_market_of_several_symbols_shares_one_account_and_keeps_their_order() {
    let market = |symbols: Value| json!({"exchange": "binance", "symbols": symbols, "timeframe": "5m"});
    let document = Document::parse(&with("/market", market(json!(["ETH/USDT", "BTC/USDT"])))).unwrap();
    let symbols: Vec<&str> = document.market().symbols().iter().map(trading::money::Symbol::as_str).collect();
    assert_eq!((symbols, document.market().quote()), (vec!["ETH/USDT", "BTC/USDT"], "USDT"));
    assert_eq!(document.to_json()["market"], market(json!(["ETH/USDT", "BTC/USDT"])));
    let one = Document::parse(&with("/market", market(json!(["BTC/USDT"])))).unwrap();
    assert_eq!(one, Document::parse(&full()).unwrap(), "a list of one is written as one");

    let many: Vec<String> = (0..21).map(|i| format!("C{i}/USDT")).collect();
    for (symbols, expected) in [
        (json!([]), "market.symbols: expected 1 to 20 items, not 0"),
        (json!(many), "market.symbols: expected 1 to 20 items, not 21"),
        (json!(["BTC/USDT", "ETH/USDT", "BTC/USDT"]), "market.symbols[2]: BTC/USDT stands here twice"),
        (
            json!(["BTC/USDT", "ETH/BTC"]),
            "market.symbols[1]: all symbols share one account: ETH/BTC is not paid in USDT",
        ),
    ] {
        told(&with("/market", market(symbols)), &[expected]);
    }
    let mut both = full();
    both["market"]["symbols"] = json!(["ETH/USDT"]);
    told(&both, &["market.symbol: unknown key; expected exchange, symbols, timeframe"]);
}

#[test]
fn everything_is_limited() {
    let nested = |depth: usize| (0..depth).fold(json!({"gt": [1, 2]}), |inner, _| json!({"not": inner}));
    assert!(Document::parse(&with("/entry", nested(MAX_DEPTH - 2))).is_ok());
    let deep = faults(&with("/entry", nested(MAX_DEPTH - 1)));
    assert!(deep.iter().all(|fault| fault.code == "TOO_DEEP") && deep.len() == 2, "{deep:?}");
    assert_eq!(faults(&with("/entry", nested(60)))[0].code, "TOO_DEEP");

    let many = |count: usize| -> Value {
        let one = json!({"gt": ["close", 1]});
        let group = json!({"all": vec![one; 40]});
        json!({"any": vec![group; count]})
    };
    assert!(Document::parse(&with("/entry", many(8))).is_ok());
    let codes: Vec<_> = faults(&with("/entry", many(9))).into_iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["TOO_MANY"], "more than {MAX_PARTS} parts");

    let declared = |count: usize| (0..count).map(|i| (format!("i{i}"), json!({"kind": "sma"}))).collect::<Value>();
    let bare = |count: usize| {
        let mut document = with("/entry", json!({"gt": ["close", 1]}));
        document["exit"] = json!({"lt": ["close", 1]});
        document["indicators"] = declared(count);
        document
    };
    assert!(Document::parse(&bare(MAX_INDICATORS)).is_ok());
    told(&bare(MAX_INDICATORS + 1), &["indicators: a strategy has at most 50 indicators, not 51"]);
    told(
        &with(
            "/indicators",
            json!({"x".repeat(33): {"kind": "sma"}, "fast": {"kind": "sma"}, "slow": {"kind": "sma"},
        "trend": {"kind": "sma"}, "bands": {"kind": "bbands"}}),
        ),
        &[&format!(
            "indicators.{}: an id is a letter, then letters, digits and `_`, at most 32 in all",
            "x".repeat(33)
        )],
    );
    assert!(faults(&json!({"all": vec![1; 10]})).len() <= 100);
    assert_eq!(Document::parse_text(&" ".repeat(65_537)).unwrap_err()[0].code, "TOO_LARGE");
}

#[test]
fn keys_written_twice_in_text_are_told() {
    let text = full().to_string().replacen("\"name\"", "\"name\":\"a\",\"name\"", 1);
    let faults = Document::parse_text(&text).unwrap_err();
    assert_eq!((faults[0].path.as_str(), faults[0].code), ("name", "DUPLICATE_KEY"));
}

#[test]
fn a_sweep_sets_values_by_their_paths() {
    let document = Document::parse(&full()).unwrap();
    let swept = document.apply("indicators.fast.period", &json!(8)).unwrap();
    assert_eq!(swept.to_json()["indicators"]["fast"]["period"], 8);
    assert_eq!(document.to_json()["indicators"]["fast"]["period"], 10);
    let swept = document.apply("entry.all[1].gt[1]", &json!(100)).unwrap();
    assert_eq!(swept.to_json()["entry"]["all"][1], json!({"gt": ["close", 100]}));
    let swept = document.apply("protect.takeProfit[1].percent", &json!("6")).unwrap();
    assert_eq!(swept.to_json()["protect"]["takeProfit"][1]["percent"], "6");
    let both = [("protect.takeProfit[0].percent", &json!("7")), ("protect.takeProfit[1].percent", &json!("9"))];
    assert!(document.apply_all(both).is_ok());

    for (path, code, expected) in [
        ("indicators.fsat.period", "UNKNOWN_PATH", "there is no `fsat` here (did you mean `fast`?)"),
        ("entry.all[2].gt[0]", "UNKNOWN_PATH", "there are 2 items only, not one at [2]"),
        ("entry[0]", "UNKNOWN_PATH", "[0] is asked of what is no list"),
        ("name.x", "UNKNOWN_PATH", "`x` is asked of what has no keys"),
        ("a..b", "UNKNOWN_PATH", "not a path such as indicators.fast.period"),
        ("", "UNKNOWN_PATH", "not a path such as indicators.fast.period"),
        ("entry.all[x]", "UNKNOWN_PATH", "not a path such as indicators.fast.period"),
        ("indicators.fast.period", "OUT_OF_RANGE", "period must be between 1 and 10000, not 0"),
    ] {
        let faults = document.apply(path, &json!(0)).unwrap_err();
        assert_eq!((faults[0].code, faults[0].message.as_str()), (code, expected), "{path}");
    }
}

#[test]
fn the_schema_and_the_reader_know_the_same_words() {
    let root = schema();
    let schema = &root["oneOf"][0];
    assert_eq!(schema["additionalProperties"], false);
    let properties: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(properties, ["name", "market", "indicators", "entry", "exit", "sizing", "protect", "guards", "orders"]);
    assert_eq!(schema["required"], json!(["name", "market", "entry", "sizing"]));
    let definitions = &root["$defs"];
    let kinds: Vec<&Value> = definitions["Indicator"]["oneOf"].as_array().unwrap().iter().collect();
    let words = |kind: &Value| {
        let word = &kind["properties"]["kind"];
        word["enum"].as_array().cloned().unwrap_or_else(|| vec![word["const"].clone()])
    };
    let mut named: Vec<Value> = kinds.iter().flat_map(|kind| words(kind)).collect();
    let mut known: Vec<Value> = trading::indicator::CATALOGUE.iter().map(|kind| json!(kind.name)).collect();
    named.sort_by_key(ToString::to_string);
    known.sort_by_key(ToString::to_string);
    assert_eq!(named, known, "patterns that are declared alike share a shape");
    assert_eq!(
        kinds[0]["properties"]["period"],
        json!({"type": "integer", "minimum": 1, "maximum": 10_000, "default": 30})
    );

    let words: Vec<String> = definitions["Condition"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| variant["required"][0].as_str().unwrap().to_owned())
        .collect();
    let refused = faults(&with("/entry", json!({"": 1})));
    assert!(refused[0].message.ends_with(&format!("expected {}", words.join(", "))), "{}", refused[0].message);
}

#[test]
fn a_program_says_how_many_candles_it_needs_before_it_decides() {
    let compiled = program(&Document::parse(&full()).unwrap());
    assert_eq!(compiled.timeframe(), Timeframe::M5);
    assert_eq!(compiled.warm_up(), (199 + 2) * 12);
    let document = with("/entry", json!({"rising": {"of": {"of": "slow", "shift": 5}, "over": 3}}));
    let document = Document::parse(&document).unwrap().apply("exit", &json!({"crossesAbove": ["fast", 5]})).unwrap();
    assert_eq!(program(&document).warm_up(), 49 + 5 + 3);
}
