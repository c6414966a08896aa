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
    pub(crate) document: Value,
}

const TEMPLATES: [(&str, &str, &str); 3] = [
    (
        "sma-cross",
        "Follows a trend: buys when a fast average rises above a slow one while the price is above a long average \
         of the hours, sells when it falls back. Earns in long moves, loses a little in each sideways spell.",
        include_str!("templates/sma_cross.json"),
    ),
    (
        "rsi-reversal",
        "Buys weakness: when the RSI turns up from below 30, with a stop, two targets and a longest time. Earns in \
         ranges; the stop and the pause after losses bound what a fall costs.",
        include_str!("templates/rsi_reversal.json"),
    ),
    (
        "bollinger-breakout",
        "Buys strength: a close above the upper band on more than usual volume, sized by the average true range and \
         protected by a trailing stop. Few trades; the large ones pay for the false starts.",
        include_str!("templates/bollinger_breakout.json"),
    ),
];

/// Every template.
pub(crate) fn all() -> Result<Vec<Template>> {
    let read = |&(id, description, text): &(&'static str, &'static str, &str)| {
        let document = serde_json::from_str(text).map_err(Error::internal)?;
        Ok(Template { id, description, document })
    };
    TEMPLATES.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draft;

    #[test]
    fn every_template_is_a_valid_strategy() {
        for template in all().unwrap() {
            let verdict = Draft(template.document).document();
            assert!(verdict.is_ok(), "{}: {:?}", template.id, verdict.unwrap_err().input_faults());
        }
    }
}
