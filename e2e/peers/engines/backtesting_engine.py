"""The SMA cross in backtesting.py, at the close or the next open.

Its `crossover` wants the fast average strictly below the slow one a candle before; `strict: false` asks for our own
rule instead, so that what that costs can be told apart.
"""

import common

import pandas
from backtesting import Backtest, Strategy, __version__

ask = common.arguments()


def average(values, period):
    return pandas.Series(values).rolling(period).mean()


class Cross(Strategy):
    def init(self):
        self.fast, self.slow = (self.I(average, self.data.Close, ask[period]) for period in ("fast", "slow"))

    def next(self):
        before, now = (self.fast[-2] - self.slow[-2], self.fast[-1] - self.slow[-1])
        touched = before == 0 and not ask["strict"]
        if not self.position and now > 0 and (before < 0 or touched):
            self.buy(size=1, **self.stops())
        elif self.position and now < 0 and (before > 0 or touched):
            self.position.close()

    def stops(self):
        if "stop" not in ask:
            return {}
        price = self.data.Close[-1]
        return {"sl": price * (1 - ask["stop"]), "tp": price * (1 + ask["target"])}


table, moments = common.frame(ask["file"])
with common.timed():
    run = Backtest(
        table, Cross, cash=ask["cash"], commission=ask["fee"], trade_on_close=ask["fill"] == "close", finalize_trades=False
    ).run()
trades = run["_trades"]
strategy = run["_strategy"]
common.answer(
    engine="backtesting.py " + __version__,
    finalEquity=run["Equity Final [$]"],
    fees=run["Commissions [$]"],
    maxDrawdown=-run["Max. Drawdown [%]"] / 100,
    closed=len(trades),
    open=len(strategy.trades),
    trades=[
        [int(moments[row.EntryBar]), row.EntryPrice, int(moments[row.ExitBar]), row.ExitPrice] for row in trades.itertuples()
    ],
)
