use kit::{Error, Result};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A strategy to begin with.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StrategyTemplate")]
pub(crate) struct Template {
    pub(crate) id: &'static str,
    /// How it makes money, and when it does not.
    pub(crate) description: &'static str,
    pub(crate) tags: &'static [&'static str],
    pub(crate) difficulty: Difficulty,
    pub(crate) document: Value,
}

/// How much somebody should know who uses it.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StrategyDifficulty")]
pub(crate) enum Difficulty {
    Beginner,
    Intermediate,
    Advanced,
}

use Difficulty::{Advanced, Beginner, Intermediate};

struct Source {
    id: &'static str,
    description: &'static str,
    tags: &'static [&'static str],
    difficulty: Difficulty,
    text: &'static str,
}

const TEMPLATES: [Source; 14] = [
    Source {
        id: "sma-cross",
        description: "Follows a trend: buys when a fast average rises above a slow one while the price is above a \
                      long average of the days, sells when it falls back. Earns in long moves, loses a little in \
                      each sideways spell.",
        tags: &["trend", "average"],
        difficulty: Beginner,
        text: include_str!("templates/sma_cross.json"),
    },
    Source {
        id: "ema-pullback",
        description: "Joins a trend late and cheaply: in a rising market it buys when the price comes back above its \
                      fast average. Earns while a trend breathes; its stop pays when the pullback was the turn.",
        tags: &["trend", "pullback", "average"],
        difficulty: Intermediate,
        text: include_str!("templates/ema_pullback.json"),
    },
    Source {
        id: "rsi-reversal",
        description: "Buys weakness: when the RSI turns up from below 30, with a stop, two targets and a longest \
                      time. Earns in ranges; the stop and the pause after losses bound what a fall costs.",
        tags: &["reversion", "oscillator"],
        difficulty: Beginner,
        text: include_str!("templates/rsi_reversal.json"),
    },
    Source {
        id: "macd-momentum",
        description: "Buys when momentum turns up from below nought within a long trend, sells when it turns down. \
                      Earns at the beginning of moves; many small losses where momentum flickers.",
        tags: &["momentum", "trend"],
        difficulty: Beginner,
        text: include_str!("templates/macd_momentum.json"),
    },
    Source {
        id: "bollinger-breakout",
        description: "Buys strength: a close above the upper band on more than usual volume, sized by the average \
                      true range and protected by a trailing stop. Few trades; the large ones pay for the false \
                      starts.",
        tags: &["breakout", "volatility", "volume"],
        difficulty: Intermediate,
        text: include_str!("templates/bollinger_breakout.json"),
    },
    Source {
        id: "bollinger-reversion",
        description: "Buys when the price comes back into its lower band and sells at the middle. Many small gains \
                      in quiet markets; a fall that does not come back costs a stop, and after three of them it \
                      rests for a day.",
        tags: &["reversion", "volatility"],
        difficulty: Intermediate,
        text: include_str!("templates/bollinger_reversion.json"),
    },
    Source {
        id: "donchian-turtle",
        description: "The turtles' rule: buys a new high of 55 candles, sells at a new low of 20, and ventures the \
                      same part of the equity each time. Loses most of its trades; the few great trends pay.",
        tags: &["breakout", "trend"],
        difficulty: Intermediate,
        text: include_str!("templates/donchian_turtle.json"),
    },
    Source {
        id: "supertrend-trail",
        description: "Buys when the price crosses its Supertrend in a market with strength, and lets a trailing stop \
                      end the trade. Earns in steep moves; a market without direction costs a series of small \
                      losses.",
        tags: &["trend", "volatility"],
        difficulty: Intermediate,
        text: include_str!("templates/supertrend_trail.json"),
    },
    Source {
        id: "keltner-squeeze",
        description: "Waits until the Bollinger bands lie within the Keltner channel, which is quiet before a move, \
                      and buys the break upwards. Earns when calm ends with a rise; half of the breaks are false.",
        tags: &["breakout", "volatility", "squeeze"],
        difficulty: Advanced,
        text: include_str!("templates/keltner_squeeze.json"),
    },
    Source {
        id: "vwap-reversion",
        description: "Buys two deviations below the volume-weighted average price once the price turns, and sells at \
                      the average. Earns where trading circles a fair price; news that moves this price costs a stop.",
        tags: &["reversion", "volume"],
        difficulty: Intermediate,
        text: include_str!("templates/vwap_reversion.json"),
    },
    Source {
        id: "stochastic-swing",
        description: "Takes swings within a rising market: buys when the stochastic turns up from a low, sells when \
                      it is exhausted. Earns in even trends; the first swing of a falling market is a loss.",
        tags: &["oscillator", "pullback"],
        difficulty: Beginner,
        text: include_str!("templates/stochastic_swing.json"),
    },
    Source {
        id: "script-pullback",
        description: "A script to begin with: buys deep pullbacks of a rising market and waits for less profit the \
                      longer a trade lasts. Shows parameters, state and earlier values. Earns where trends resume; \
                      its stop bounds what happens where they do not.",
        tags: &["script", "pullback"],
        difficulty: Advanced,
        text: include_str!("templates/script_pullback.json"),
    },
    Source {
        id: "grid",
        description: "Buys on each level below the price and sells one level higher, again and again. Earns from the \
                      to and fro within the range; below the range it holds coins that are worth less, until its \
                      stop ends it. Set the range to your market first.",
        tags: &["grid", "range"],
        difficulty: Intermediate,
        text: include_str!("templates/grid.json"),
    },
    Source {
        id: "dca",
        description: "Averages down: buys again, and more, at each fall of three percent, and sells all a little \
                      above the average. Earns after every recovery; in a long fall its money is bound until the \
                      price comes back.",
        tags: &["averaging"],
        difficulty: Beginner,
        text: include_str!("templates/dca.json"),
    },
];

/// Every template.
pub(crate) fn all() -> Result<Vec<Template>> {
    let read = |source: &Source| {
        let &Source { id, description, tags, difficulty, text } = source;
        let document = serde_json::from_str(text).map_err(Error::internal)?;
        Ok(Template { id, description, tags, difficulty, document })
    };
    TEMPLATES.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draft;
    use serde_json::json;
    use std::{fs::File, ops::ControlFlow, path::Path};
    use trading::{
        backtest::{Answer, BacktestFile, History},
        candle::{Candles, csv},
    };

    fn candles() -> Candles {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/candles");
        let file = File::open(samples.join("binance_BTCUSDT_1h_20170817_20211231.csv.gz")).unwrap();
        csv::read(file, &csv::Options::default()).unwrap()
    }

    #[test]
    fn every_template_is_a_valid_strategy_without_warnings() {
        for template in all().unwrap() {
            match Draft(template.document).document() {
                Ok(document) => assert_eq!(document.warnings(), [], "{}", template.id),
                Err(error) => panic!("{}: {:?}", template.id, error.input_faults()),
            }
        }
    }

    #[test]
    fn every_template_trades_on_the_bundled_candles_without_warnings() {
        let candles = candles();
        for template in all().unwrap() {
            let file = json!({ "strategy": template.document, "initialCash": "10000" });
            let file = BacktestFile::parse(&file).unwrap();
            let history = History::of(file.strategy.market().symbols()[0], candles.clone());
            let Answer::Report(report) = file.execute(&history, |_, _| ControlFlow::Continue(())).unwrap() else {
                panic!("{} sweeps nothing", template.id)
            };
            assert!(!report.trades.is_empty(), "{} never traded", template.id);
            let told: Vec<_> = report.warnings.iter().filter(|it| !it.contains("missing in the history")).collect();
            assert!(told.is_empty(), "{}: {told:?}", template.id);
        }
    }
}
