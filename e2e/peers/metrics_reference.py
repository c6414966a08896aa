#!/usr/bin/env python3
"""Reckons the figures of a curve and of some trades with other people's programs.

    pip install quantstats==0.0.86 empyrical-reloaded==0.7.1 numpy==2.4.6 pandas==3.1.1 scipy==1.17.1
    python3 e2e/peers/metrics_reference.py > samples/golden/metrics_reference.json

The curve holds bitcoin while its daily close is above the mean of the last twenty, at closes, for
0.1 % a trade; the benchmark holds it all the time. Where our convention is not quantstats' default,
the comment at the figure says so. Everywhere: 365 days a year, no risk-free rate, and the first
return is over the cash at the start.
"""

import csv
import gzip
import json
import math
import pathlib
import sys
import warnings

import empyrical
import numpy as np
import pandas as pd
import quantstats.stats as qs
from scipy import stats

warnings.filterwarnings("ignore")
ROOT = pathlib.Path(__file__).resolve().parents[2]
DAY = 86_400_000
YEAR = 365
DAYS = 500


def closes():
    with gzip.open(ROOT / "samples/candles/binance_BTCUSDT_1h_20170817_20211231.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    time, close = list(rows[0])[0], "close" if "close" in rows[0] else "Close"
    days = {}
    for row in rows:
        at = row[time]
        day = int(at) // DAY if at.isdigit() else pd.Timestamp(at).value // 10**6 // DAY
        days[day] = float(row[close])
    return days


def curve():
    days = closes()
    order = sorted(days)
    cash, coins, bought, equity, trades = 10_000.0, 0.0, None, [], []
    for place, day in enumerate(order[20 : 20 + DAYS], 20):
        price, mean = days[day], sum(days[d] for d in order[place - 20 : place]) / 20
        if price > mean and coins == 0.0:
            coins, bought = cash * 0.999 / price, (day, cash, price)
            cash = 0.0
        elif price < mean and coins > 0.0:
            cash = coins * price * 0.999
            trades.append((bought, (day, cash, price), coins))
            coins = 0.0
        equity.append(cash + coins * price)
    used = order[20 : 20 + DAYS]
    return used, equity, [days[order[19]]] + [days[d] for d in used], trades


def figures(used, equity, prices, trades):
    start = 10_000.0
    index = pd.to_datetime([day * DAY for day in used], unit="ms")
    r = pd.Series(equity, index=index) / pd.Series([start] + equity[:-1], index=index) - 1
    b = pd.Series(prices[1:], index=index) / pd.Series(prices[:-1], index=index) - 1
    n = len(r)
    drawdown = -qs.to_drawdown_series(r)
    years = (used[-1] + 1 - used[0]) / 365.25
    cagr = (equity[-1] / start) ** (1 / years) - 1  # years of 365.25 days of the calendar
    logarithms = np.log(equity)
    line = stats.linregress(np.arange(n), logarithms)
    growth = np.log1p(r)
    alpha, beta = qs.greeks(r, b, periods=YEAR, prepare_returns=False)[["alpha", "beta"]]
    # quantstats divides the squares of the Ulcer index by n - 1, Martin by n
    ulcer = qs.ulcer_index(r) * math.sqrt((n - 1) / n)
    months = (1 + r).groupby(index.to_period("M")).prod() - 1
    pnl = pd.Series([round(exit[1] - entry[1], 8) for entry, exit, _ in trades])
    won, lost = pnl[pnl > 0], pnl[pnl <= 0]
    payoff = won.mean() / -lost.mean()
    rate = len(won) / len(pnl)
    holds = sorted((exit[0] - entry[0]) * DAY for entry, exit, _ in trades)
    streaks = qs.consecutive_wins(pnl, prepare_returns=False), qs.consecutive_losses(pnl, prepare_returns=False)
    details = qs.drawdown_details(-drawdown)
    return {
        "return": equity[-1] / start - 1,
        "cagr": cagr,
        "annualReturn": r.mean() * YEAR,
        "volatility": qs.volatility(r, periods=YEAR, prepare_returns=False),
        "sharpe": qs.sharpe(r, periods=YEAR),
        "smartSharpe": qs.smart_sharpe(r, periods=YEAR),
        "probabilisticSharpe": qs.probabilistic_sharpe_ratio(r, periods=YEAR),
        "sortino": qs.sortino(r, periods=YEAR),
        "calmar": cagr / drawdown.max(),
        "omega": qs.omega(r, periods=YEAR),
        "gainToPain": qs.gain_to_pain_ratio(r),
        "commonSense": qs.common_sense_ratio(r),
        "stability": empyrical.stability_of_timeseries(r),
        "kRatio": line.slope / line.stderr * math.sqrt(YEAR) / n,
        "riskOfRuin": 0.5 ** (2 * growth.mean() / growth.var()) if growth.mean() > 0 else 1.0,
        "maxDrawdown": -empyrical.max_drawdown(r),
        "averageDrawdown": -details["max drawdown"].mean() / 100,
        "timeUnderWater": float((drawdown > 0).mean()),
        "ulcerIndex": ulcer,
        "martin": cagr / ulcer,
        "painIndex": drawdown.mean(),
        "painRatio": cagr / drawdown.mean(),
        "var95": empyrical.value_at_risk(r, 0.05),
        "cvar95": empyrical.conditional_value_at_risk(r, 0.05),
        "skew": qs.skew(r, prepare_returns=False),
        "kurtosis": qs.kurtosis(r, prepare_returns=False),
        "tailRatio": empyrical.tail_ratio(r),
        "bestDay": qs.best(r, prepare_returns=False),
        "worstDay": qs.worst(r, prepare_returns=False),
        "bestMonth": months.max(),
        "worstMonth": months.min(),
        "winDays": qs.win_rate(r, prepare_returns=False),
        "alpha": alpha,
        "beta": beta,
        "correlation": r.corr(b),
        # quantstats does not annualise it
        "informationRatio": qs.information_ratio(r, b, prepare_returns=False) * math.sqrt(YEAR),
        "winRate": rate,
        "profitFactor": won.sum() / -lost.sum(),
        "payoffRatio": payoff,
        "kelly": rate - (1 - rate) / payoff,
        "expectancyRatio": (1 + payoff) * rate - 1,
        "expectancy": pnl.mean(),
        "averageWin": won.mean(),
        "averageLoss": -lost.mean(),
        "consecutiveWins": streaks[0],
        "consecutiveLosses": streaks[1],
        "averageHold": np.floor(np.mean(holds)),
        "medianHold": np.floor(np.median(holds)),
        "tradesPerDay": len(pnl) / (used[-1] + 1 - used[0]),
        "sqn": math.sqrt(len(pnl)) * pnl.mean() / pnl.std(),
        "turnover": sum(c * (a[2] + z[2]) for a, z, c in trades) / np.mean(equity),
    }


def main():
    used, equity, prices, trades = curve()
    found = {key: float(value) for key, value in figures(used, equity, prices, trades).items()}
    json.dump(
        {
            "initial": 10_000.0,
            "days": [[day, value] for day, value in zip(used, equity)],
            "benchmark": prices,
            "trades": [
                # day and price of entry and exit, coins, and what was earned
                [entry[0], entry[2], exit[0], exit[2], round(coins, 12), round(exit[1] - entry[1], 8)]
                for entry, exit, coins in trades
            ],
            "metrics": found,
        },
        sys.stdout,
        indent=None,
    )
    print()


main()
