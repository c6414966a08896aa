//! Every figure, said once: the struct, its JSON Schema, `docs/metrics.md` and what pages show as
//! an explanation all follow from the list below.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Notional;
use crate::time::Timestamp;

use super::approximate;

/// What a figure is measured in.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MetricUnit")]
pub enum Unit {
    /// A fraction, shown as percent: `0.25` is 25 %.
    Percent,
    /// A plain number.
    Ratio,
    /// Quote currency.
    Money,
    /// How many.
    Count,
    /// Milliseconds between two moments.
    Duration,
    /// A moment.
    Time,
}

/// Which of two values is the better one.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MetricBetter")]
pub enum Better {
    /// The higher one.
    Higher,
    /// The lower one.
    Lower,
    /// Neither: it describes and does not judge.
    Neither,
}

/// What figures are shown together.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MetricGroup")]
pub enum Group {
    /// What came of it.
    Result,
    /// What was gained for what was risked.
    Risk,
    /// Falls from a peak.
    Drawdown,
    /// How the returns of days and months are spread.
    Distribution,
    /// Beside the benchmark.
    Benchmark,
    /// Round trips.
    Trades,
}

/// What is known about a figure besides its value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// Its name in JSON.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is shown with.
    pub group: Group,
    /// What it is measured in.
    pub unit: Unit,
    /// Which of two values is the better one.
    pub better: Better,
    /// How it is reckoned.
    pub formula: &'static str,
    /// Where that comes from.
    pub source: &'static str,
    #[serde(skip)]
    value: fn(&Metrics) -> Option<f64>,
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Metric {}

impl Metric {
    /// The figure by its name in JSON.
    #[must_use]
    pub fn find(key: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|metric| metric.key == key)
    }

    /// Its value as a floating number, where it has one.
    #[must_use]
    pub fn of(&self, metrics: &Metrics) -> Option<f64> {
        (self.value)(metrics)
    }
}

/// What a figure can be.
trait Figure {
    fn number(&self) -> Option<f64>;
}

impl Figure for f64 {
    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl Figure for u64 {
    #[expect(clippy::cast_precision_loss, reason = "to compare")]
    fn number(&self) -> Option<f64> {
        Some(*self as f64)
    }
}

impl Figure for Notional {
    fn number(&self) -> Option<f64> {
        Some(approximate(self.decimal()))
    }
}

impl Figure for Timestamp {
    #[expect(clippy::cast_precision_loss, reason = "to compare")]
    fn number(&self) -> Option<f64> {
        Some(self.millis() as f64)
    }
}

impl<T: Figure> Figure for Option<T> {
    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(T::number)
    }
}

macro_rules! metrics {
    ($($group:ident { $(
        $(#[$attribute:meta])*
        $field:ident: $type:ty = $key:literal, $title:literal, $unit:ident, $better:ident, $formula:literal, $source:literal;
    )* })*) => {
        /// The figures of a run; the [catalogue](CATALOGUE) says how each is reckoned.
        ///
        /// Amounts of money are exact decimals. Ratios and fractions are floating numbers, and one
        /// that has no value, such as the Sharpe ratio of a flat line, is null.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct Metrics {
            $($(
                #[doc = $title]
                #[doc = ""]
                #[doc = $formula]
                #[serde(rename = $key)]
                $(#[$attribute])*
                pub $field: $type,
            )*)*
        }

        /// Every figure, in the order in which they are shown.
        pub static CATALOGUE: &[Metric] = &[
            $($(
                Metric {
                    key: $key,
                    title: $title,
                    group: Group::$group,
                    unit: Unit::$unit,
                    better: Better::$better,
                    formula: $formula,
                    source: $source,
                    value: |metrics| Figure::number(&metrics.$field),
                },
            )*)*
        ];
    };
}

metrics! {
    Result {
        final_equity: Notional = "finalEquity", "Final equity", Money, Higher, "Cash at the end, and an open position at the last close.", "";
        net_profit: Notional = "netProfit", "Net profit", Money, Higher, "Final equity minus the cash at the start.", "";
        total_return: f64 = "return", "Return", Percent, Higher, "Net profit over the cash at the start.", "";
        cagr: Option<f64> = "cagr", "Growth a year", Percent, Higher, "(final equity / initial cash)^(1 / years) − 1, with years of 365.25 days from the first open to the last close.", "Compound annual growth rate";
        annual_return: Option<f64> = "annualReturn", "Return a year", Percent, Higher, "The mean of the daily returns times 365, without compounding.", "";
        total_fees: Notional = "totalFees", "Fees", Money, Lower, "All fees in quote currency.", "";
        #[serde(default)] // runs that were stored before there was funding had none
        funding: Notional = "funding", "Funding", Money, Lower, "What holding positions has cost by funding, in quote currency; negative where it has earned. Not in the profit of trades.", "";
        fees_share: Option<f64> = "feesShare", "Fees of the gains", Percent, Lower, "Fees / (gross profit + fees).", "";
        turnover: Option<f64> = "turnover", "Turnover", Ratio, Neither, "What closed trades bought and sold, Σ quantity × (entry price + exit price), over the mean of the equity at the ends of days.", "";
        exposure: f64 = "exposure", "In the market", Percent, Neither, "The part of the candles at whose close coins were held.", "";
    }
    Risk {
        volatility: Option<f64> = "volatility", "Volatility", Percent, Lower, "The standard deviation (n − 1) of the daily returns times √365.", "";
        sharpe: Option<f64> = "sharpe", "Sharpe ratio", Ratio, Higher, "Mean over standard deviation (n − 1) of the daily returns times √365, without a risk-free rate.", "Sharpe 1994";
        smart_sharpe: Option<f64> = "smartSharpe", "Smart Sharpe ratio", Ratio, Higher, "Sharpe ratio / √(1 + 2 Σ (n − x) / n × ρ^x), x = 1 … n − 1, where ρ is the amount of the correlation of each daily return with the one before.", "Lo 2002, as quantstats has it";
        probabilistic_sharpe: Option<f64> = "probabilisticSharpe", "Probabilistic Sharpe ratio", Percent, Higher, "How probable a true Sharpe ratio above 0 is: Φ(s / √((1 − skew × s + (kurtosis + 2) / 4 × s²) / (n − 1))), where s is the daily Sharpe ratio and kurtosis the excess.", "Bailey and López de Prado 2012";
        sortino: Option<f64> = "sortino", "Sortino ratio", Ratio, Higher, "Mean of the daily returns over √(Σ min(r, 0)² / n), times √365.", "Sortino and Price 1994";
        calmar: Option<f64> = "calmar", "Calmar ratio", Ratio, Higher, "Growth a year over the largest drawdown.", "Young 1991";
        omega: Option<f64> = "omega", "Omega ratio", Ratio, Higher, "The sum of the daily gains over the sum of the daily losses.", "Keating and Shadwick 2002, threshold 0";
        gain_to_pain: Option<f64> = "gainToPain", "Gain-to-pain ratio", Ratio, Higher, "The sum of the daily returns over the sum of the daily losses.", "Schwager 2012, of days";
        common_sense: Option<f64> = "commonSense", "Common sense ratio", Ratio, Higher, "Omega ratio times tail ratio.", "Carr 2014; the profit factor of days is the Omega ratio";
        stability: Option<f64> = "stability", "Stability", Percent, Higher, "R² of a straight line through the logarithm of the equity at the ends of days.", "empyrical: stability of timeseries";
        k_ratio: Option<f64> = "kRatio", "K-ratio", Ratio, Higher, "Slope of that line over its standard error, times √365 / n.", "Kestner 2013";
        recovery_factor: Option<f64> = "recoveryFactor", "Recovery factor", Ratio, Higher, "Net profit over the amount of the largest drawdown.", "";
        kelly: Option<f64> = "kelly", "Kelly fraction", Percent, Neither, "Win rate − (1 − win rate) / payoff ratio, of trades.", "Kelly 1956";
        risk_of_ruin: Option<f64> = "riskOfRuin", "Risk of ruin", Percent, Lower, "How probable it is ever to lose half, if it went on like this: 0.5^(2 m / s²), where m and s² are mean and variance (n − 1) of the daily logarithmic returns; 1 where m is not above 0.", "First passage of Brownian motion with drift; Karlin and Taylor 1975";
    }
    Drawdown {
        max_drawdown: f64 = "maxDrawdown", "Largest drawdown", Percent, Lower, "The largest (peak − equity) / peak over all closes.", "";
        max_drawdown_amount: Option<Notional> = "maxDrawdownAmount", "Largest drawdown in money", Money, Lower, "Peak − equity of the largest drawdown, to 8 digits.", "";
        max_drawdown_start: Option<Timestamp> = "maxDrawdownStart", "Largest drawdown begins", Time, Neither, "The opening time of the candle at whose close the peak stood.", "";
        max_drawdown_valley: Option<Timestamp> = "maxDrawdownValley", "Largest drawdown's valley", Time, Neither, "The opening time of the candle at whose close the equity was lowest.", "";
        max_drawdown_end: Option<Timestamp> = "maxDrawdownEnd", "Largest drawdown ends", Time, Neither, "The end of the UTC day in which the peak was passed again; null while it was not.", "";
        max_drawdown_duration: Option<u64> = "maxDrawdownDuration", "Length of the largest drawdown", Duration, Lower, "From its beginning to its end, or to the last close.", "";
        average_drawdown: Option<f64> = "averageDrawdown", "Average drawdown", Percent, Lower, "The mean of the depths of all drawdowns of the equity at the ends of days; 0 where there are none.", "quantstats: drawdown details";
        longest_under_water: Option<u64> = "longestUnderWater", "Longest under water", Duration, Lower, "The longest time between two peaks of the equity at the ends of days, or since the last.", "";
        time_under_water: Option<f64> = "timeUnderWater", "Under water", Percent, Lower, "The part of the days that end below an earlier peak.", "";
        ulcer_index: Option<f64> = "ulcerIndex", "Ulcer index", Percent, Lower, "√(Σ d² / n), where d is the drawdown at the end of each day.", "Martin 1987";
        martin: Option<f64> = "martin", "Martin ratio (UPI)", Ratio, Higher, "Growth a year over the Ulcer index.", "Martin 1987";
        pain_index: Option<f64> = "painIndex", "Pain index", Percent, Lower, "The mean of the drawdowns at the ends of days.", "Zephyr Associates 2006";
        pain_ratio: Option<f64> = "painRatio", "Pain ratio", Ratio, Higher, "Growth a year over the pain index.", "Zephyr Associates 2006";
    }
    Distribution {
        var95: Option<f64> = "var95", "Value at risk, 95 %", Percent, Higher, "The 5 % quantile of the daily returns, between neighbours linearly.", "Historical, as empyrical has it";
        cvar95: Option<f64> = "cvar95", "Expected shortfall, 95 %", Percent, Higher, "The mean of the worst ⌊(n − 1) × 5 %⌋ + 1 daily returns.", "CVaR, as empyrical has it";
        skew: Option<f64> = "skew", "Skewness", Ratio, Neither, "Of the daily returns, without bias: n / ((n − 1)(n − 2)) Σ ((r − mean) / s)³.", "Fisher and Pearson, as pandas has it";
        kurtosis: Option<f64> = "kurtosis", "Excess kurtosis", Ratio, Neither, "Of the daily returns, without bias: n(n + 1) / ((n − 1)(n − 2)(n − 3)) Σ ((r − mean) / s)⁴ − 3(n − 1)² / ((n − 2)(n − 3)).", "Fisher, as pandas has it";
        tail_ratio: Option<f64> = "tailRatio", "Tail ratio", Ratio, Higher, "The 95 % quantile of the daily returns over the amount of the 5 % quantile.", "empyrical: tail ratio";
        best_day: Option<f64> = "bestDay", "Best day", Percent, Higher, "The highest daily return.", "";
        worst_day: Option<f64> = "worstDay", "Worst day", Percent, Higher, "The lowest daily return.", "";
        best_month: Option<f64> = "bestMonth", "Best month", Percent, Higher, "The highest return of a UTC month.", "";
        worst_month: Option<f64> = "worstMonth", "Worst month", Percent, Higher, "The lowest return of a UTC month.", "";
        win_days: Option<f64> = "winDays", "Days won", Percent, Higher, "Days with a gain over days with a gain or a loss.", "quantstats: win rate";
    }
    Benchmark {
        buy_and_hold: Option<f64> = "buyAndHold", "Buy and hold", Percent, Neither, "The last close over the first open, minus one, without fees.", "";
        alpha: Option<f64> = "alpha", "Alpha", Percent, Higher, "(Mean daily return − beta × mean daily return of the benchmark) × 365.", "Jensen 1968";
        beta: Option<f64> = "beta", "Beta", Ratio, Neither, "Covariance of the daily returns with the benchmark's over the variance of these.", "Sharpe 1964";
        correlation: Option<f64> = "correlation", "Correlation", Ratio, Neither, "Pearson's, of the daily returns with the benchmark's.", "";
        information_ratio: Option<f64> = "informationRatio", "Information ratio", Ratio, Higher, "Mean over standard deviation (n − 1) of the daily returns minus the benchmark's, times √365.", "Goodwin 1998";
    }
    Trades {
        closed_trades: u64 = "closedTrades", "Closed trades", Count, Neither, "Round trips that ended.", "";
        open_trades: u64 = "openTrades", "Open trades", Count, Neither, "Round trips under way at the end.", "";
        wins: u64 = "wins", "Won trades", Count, Higher, "Closed trades that earned more than nothing.", "";
        win_rate: Option<f64> = "winRate", "Win rate", Percent, Higher, "Wins over closed trades.", "";
        gross_profit: Notional = "grossProfit", "Gross profit", Money, Higher, "What the winning trades earned.", "";
        gross_loss: Notional = "grossLoss", "Gross loss", Money, Lower, "What the other trades lost, as a positive amount.", "";
        profit_factor: Option<f64> = "profitFactor", "Profit factor", Ratio, Higher, "Gross profit over gross loss.", "";
        expectancy: Option<Notional> = "expectancy", "Expectancy", Money, Higher, "What a closed trade earned on average.", "";
        expectancy_ratio: Option<f64> = "expectancyRatio", "Expectancy ratio", Ratio, Higher, "(1 + payoff ratio) × win rate − 1: what was earned for each unit that an average loss costs.", "As freqtrade has it";
        payoff_ratio: Option<f64> = "payoffRatio", "Payoff ratio", Ratio, Higher, "Average win over average loss.", "";
        average_win: Option<Notional> = "averageWin", "Average win", Money, Higher, "Gross profit over wins.", "";
        average_loss: Option<Notional> = "averageLoss", "Average loss", Money, Lower, "Gross loss over the trades that did not win.", "";
        best_trade: Option<Notional> = "bestTrade", "Best trade", Money, Higher, "What the best closed trade earned.", "";
        worst_trade: Option<Notional> = "worstTrade", "Worst trade", Money, Higher, "What the worst closed trade earned.", "";
        consecutive_wins: Option<u64> = "consecutiveWins", "Longest winning streak", Count, Higher, "The most closed trades in a row that won.", "";
        consecutive_losses: Option<u64> = "consecutiveLosses", "Longest losing streak", Count, Lower, "The most closed trades in a row that did not win.", "";
        average_hold: Option<u64> = "averageHold", "Average holding time", Duration, Neither, "From the first buy to the last sale, in the mean.", "";
        median_hold: Option<u64> = "medianHold", "Median holding time", Duration, Neither, "From the first buy to the last sale; half the trades took longer.", "";
        trades_per_day: Option<f64> = "tradesPerDay", "Trades a day", Ratio, Neither, "Closed trades over the days from the first open to the last close.", "";
        sqn: Option<f64> = "sqn", "System quality number", Ratio, Higher, "√n times mean over standard deviation (n − 1) of what the n closed trades earned.", "Tharp 2008";
    }
}
