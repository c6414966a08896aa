"""The SMA cross in vectorbt, at the close or shifted to the next open."""

import common

import vectorbt

ask = common.arguments()
table, moments = common.frame(ask["file"])


def portfolio(table):
    close = table["Close"]
    fast, slow = (close.rolling(ask[period]).mean() for period in ("fast", "slow"))
    known = slow.shift(1).notna()
    entries = (fast > slow) & (fast.shift(1) <= slow.shift(1)) & known
    exits = (fast < slow) & (fast.shift(1) >= slow.shift(1)) & known
    price = close
    if ask["fill"] == "nextOpen":
        entries, exits = (signal.vbt.signals.fshift(1) for signal in (entries, exits))
        price = table["Open"]
    stops = {}
    if "stop" in ask:
        # looked for from the candle after the entry on; the stop first where a candle holds both
        stops = {"sl_stop": ask["stop"], "tp_stop": ask["target"], "stop_entry_price": "fillprice"}
        stops |= {name.lower(): table[name] for name in ("Open", "High", "Low")}
    return vectorbt.Portfolio.from_signals(
        close, entries, exits, price=price, size=1, fees=ask["fee"], init_cash=ask["cash"], freq=ask["frame"], **stops
    )


def figures(table):
    run = portfolio(table)
    return run, run.final_value(), run.trades.records


# the first run compiles
figures(table)
with common.timed():
    run, final, records = figures(table)
closed = records[records["status"] == 1]
common.answer(
    engine="vectorbt " + vectorbt.__version__,
    finalEquity=final,
    fees=run.orders.records["fees"].sum(),
    maxDrawdown=-run.max_drawdown(),
    closed=len(closed),
    open=len(records) - len(closed),
    trades=[
        [int(moments[row.entry_idx]), row.entry_price, int(moments[row.exit_idx]), row.exit_price]
        for row in closed.itertuples()
    ],
)
