//! The simulated venue beside a naive exchange that sees every price: on candles of one price
//! they agree about every kind of order, and on longer candles about every kind whose result a
//! candle leaves in no doubt.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use crate::common::venue::Venue;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// One price in tenths after the other, in candles: a step inside a candle is a tenth at most.
type Path = Vec<Vec<i64>>;

fn path() -> impl Strategy<Value = Path> {
    let candle = (-25_i64..25, prop::collection::vec(-1_i64..=1, 1..60));
    prop::collection::vec(candle, 1..12).prop_map(|candles| {
        let mut last = 1_000;
        let mut next = |(gap, steps): (i64, Vec<i64>)| {
            last += gap;
            let open = last;
            let rest = steps.into_iter().map(|step| {
                last += step;
                last
            });
            let rest: Vec<i64> = rest.collect();
            std::iter::once(open).chain(rest).collect()
        };
        candles.into_iter().map(&mut next).collect()
    })
}

fn prices(candle: &[i64]) -> [i64; 4] {
    let (high, low) = (candle.iter().max().unwrap(), candle.iter().min().unwrap());
    [candle[0], *high, *low, *candle.last().unwrap()]
}

/// An order, its prices in tenths; a purchase is a sale in a mirror.
#[derive(Clone, Copy, Debug)]
struct Naive {
    kind: &'static str,
    sells: bool,
    trigger: i64,
    limit: i64,
}

fn order() -> impl Strategy<Value = Naive> {
    let kinds = vec![
        "market",
        "limit",
        "limitMaker",
        "stopMarket",
        "stopLimit",
        "takeProfitMarket",
        "takeProfitLimit",
        "trailingStop",
    ];
    (select(kinds), any::<bool>(), 960_i64..1_040, 960_i64..1_040).prop_map(|(kind, sells, trigger, limit)| Naive {
        kind,
        sells,
        trigger,
        limit,
    })
}

fn text(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

impl Naive {
    fn json(&self) -> Value {
        let mut kind = json!({"kind": self.kind});
        if matches!(self.kind, "limit" | "limitMaker" | "stopLimit" | "takeProfitLimit") {
            kind["price"] = json!(text(self.limit));
        }
        if matches!(self.kind, "stopMarket" | "stopLimit" | "takeProfitMarket" | "takeProfitLimit") {
            kind["trigger"] = json!(text(self.trigger));
        }
        if self.kind == "trailingStop" {
            kind["percent"] = json!("2");
        }
        json!({"side": if self.sells { "sell" } else { "buy" }, "kind": kind})
    }

    /// Whether `price` is at least as high as `mark`, for a sale.
    fn up(&self, price: i64, mark: i64) -> bool {
        if self.sells { price >= mark } else { price <= mark }
    }

    /// Whether `price` is at most as high as `mark`, for a sale.
    fn down(&self, price: i64, mark: i64) -> bool {
        self.up(mark, price)
    }

    /// The candle and the price of its execution.
    fn executes(&self, path: &Path) -> Option<(usize, String)> {
        let ticks = path.iter().enumerate().flat_map(|(row, candle)| candle.iter().map(move |price| (row, *price)));
        let (mut released, mut best) = (false, path[0][0]);
        for (count, (row, price)) in ticks.enumerate() {
            let at = |price: i64| Some((row, trimmed(&text(price))));
            match self.kind {
                "market" => return at(price),
                "limitMaker" if count == 0 && self.up(price, self.limit) => return None,
                "limit" | "limitMaker" if self.up(price, self.limit) => return at(self.limit),
                "stopMarket" if self.down(price, self.trigger) => return at(price),
                "takeProfitMarket" if self.up(price, self.trigger) => return at(price),
                "stopLimit" => {
                    let first = !released && self.down(price, self.trigger);
                    released |= first;
                    if released && self.up(price, self.limit) {
                        return at(if first { price } else { self.limit });
                    }
                }
                "takeProfitLimit" => {
                    released |= self.up(price, self.trigger);
                    if released && self.up(price, self.limit) {
                        return at(self.limit);
                    }
                }
                "trailingStop" => {
                    if self.down(price * 100, best * if self.sells { 98 } else { 102 }) {
                        return at(price);
                    }
                    best = if self.up(price, best) { price } else { best };
                }
                _ => {}
            }
        }
        None
    }
}

fn trimmed(price: &str) -> String {
    price.strip_suffix(".0").unwrap_or(price).to_owned()
}

fn executed(order: &Naive, candles: impl Iterator<Item = [i64; 4]>) -> Option<(usize, String)> {
    let mut venue = Venue::new(json!({}));
    venue.place(order.json());
    venue.pass(&candles.collect::<Vec<_>>());
    venue.fills.first().map(|(row, fill)| (*row, fill.price.to_string()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn on_candles_of_one_price_every_kind_executes_as_at_an_exchange(path in path(), order in order()) {
        let ticks: Path = path.iter().flatten().map(|price| vec![*price]).collect();
        prop_assert_eq!(executed(&order, ticks.iter().map(|tick| prices(tick))), order.executes(&ticks));
    }

    #[test]
    fn on_longer_candles_what_waits_for_one_price_executes_in_its_candle(path in path(), order in order()) {
        // A released limit on the far side of its trigger may have been passed before.
        let doubtful = order.kind == "trailingStop" || order.kind == "stopLimit" && !order.down(order.limit, order.trigger);
        prop_assume!(!doubtful);
        prop_assert_eq!(executed(&order, path.iter().map(|candle| prices(candle))), order.executes(&path));
    }

    #[test]
    fn a_released_limit_never_executes_earlier_or_better_than_at_an_exchange(path in path(), order in order()) {
        let order = Naive { kind: "stopLimit", ..order };
        if let Some((row, price)) = executed(&order, path.iter().map(|candle| prices(candle))) {
            let (first, theirs) = order.executes(&path).unwrap();
            prop_assert!(first <= row);
            prop_assert!(first < row || price == theirs, "{} is not {}", price, theirs);
        }
    }

    #[test]
    fn a_pair_sells_once_and_the_stop_first_where_a_candle_holds_both(
        path in path(), below in 1_i64..40, above in 1_i64..40, share in select(vec!["0.005", "1"]),
    ) {
        let (stop, target) = (1_000 - below, 1_000 + above);
        let mut venue = Venue::new(json!({"volumeShare": share}));
        let leg = |kind: Value, pair: &str| json!({"side": "sell", "kind": kind, "pair": pair});
        venue.place(leg(json!({"kind": "stopMarket", "trigger": text(stop)}), "o-2"));
        venue.place(leg(json!({"kind": "limit", "price": text(target)}), "o-1"));
        let candles: Vec<[i64; 4]> = path.iter().map(|candle| prices(candle)).collect();
        venue.pass(&candles);
        let sold: rust_decimal::Decimal = venue.fills.iter().map(|(_, fill)| fill.quantity.decimal()).sum();
        prop_assert!(sold <= rust_decimal::Decimal::ONE);
        prop_assert_eq!(venue.simulator.is_idle(), sold == rust_decimal::Decimal::ONE);
        let hit = candles.iter().position(|[_, high, low, _]| *low <= stop || *high >= target);
        prop_assert_eq!(venue.fills.first().map(|(row, _)| *row), hit);
        if let (Some((_, first)), Some([open, _, low, _])) = (venue.fills.first(), hit.map(|row| candles[row])) {
            let stopped = low <= stop && open < target;
            prop_assert_eq!(first.client_order_id.as_str(), if stopped { "o-1" } else { "o-2" });
        }
    }

    #[test]
    fn no_candle_fills_more_than_our_part_of_its_volume(path in path(), order in order(), tif in select(vec!["gtc", "ioc", "fok"])) {
        let mut venue = Venue::new(json!({"volumeShare": "0.003"}));
        let mut json = order.json();
        json["timeInForce"] = json!(tif);
        venue.place(json);
        venue.pass(&path.iter().map(|candle| prices(candle)).collect::<Vec<_>>());
        let part: rust_decimal::Decimal = "0.3".parse().unwrap();
        let mut last = None;
        for (row, fill) in &venue.fills {
            prop_assert!(fill.quantity.decimal() <= part);
            prop_assert!(last < Some(*row), "one fill a candle");
            last = Some(*row);
        }
        // A coin is more than any candle's part.
        prop_assert!(tif != "fok" || venue.fills.is_empty());
        prop_assert!(tif != "ioc" || venue.fills.len() <= 1);
    }
}
