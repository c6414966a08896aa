"""The SMA cross in nautilus_trader: market orders of a strategy that decides at the close of each bar.

Its simulated exchange fills them at once by the book that it makes of the bar, which stands at the close then.
"""

import common
from decimal import Decimal

import nautilus_trader
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

ask = common.arguments()
listed = TestInstrumentProvider.btcusdt_binance() if "BTC" in ask["file"] else TestInstrumentProvider.ethusdt_binance()
instrument = CurrencyPair.from_dict(CurrencyPair.to_dict(listed) | {fee: str(ask["fee"]) for fee in ("maker_fee", "taker_fee")})
step, unit = int(ask["frame"][:-1]), {"m": "MINUTE", "h": "HOUR"}[ask["frame"][-1]]
bars = BarType.from_str(f"{instrument.id}-{step}-{unit}-LAST-EXTERNAL")


class Cross(Strategy):
    def __init__(self, config):
        super().__init__(config)
        self.fast, self.slow = (SimpleMovingAverage(ask[period]) for period in ("fast", "slow"))
        self.before = None

    def on_start(self):
        self.register_indicator_for_bars(bars, self.fast)
        self.register_indicator_for_bars(bars, self.slow)
        self.subscribe_bars(bars)

    def on_bar(self, bar):
        if not self.slow.initialized:
            return
        before, self.before = self.before, self.fast.value - self.slow.value
        flat = self.portfolio.is_flat(instrument.id)
        if before is not None and flat and self.before > 0 >= before:
            self.send(OrderSide.BUY)
        elif before is not None and not flat and self.before < 0 <= before:
            self.send(OrderSide.SELL)

    def send(self, side):
        one = Quantity(1, instrument.size_precision)
        self.submit_order(self.order_factory.market(instrument.id, side, one, TimeInForce.GTC))


engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
engine.add_venue(
    Venue("BINANCE"), OmsType.NETTING, AccountType.CASH, [Money(ask["cash"], USDT), Money(0, instrument.base_currency)]
)
engine.add_instrument(instrument)
table, _ = common.frame(ask["file"], str.lower, utc=True)
engine.add_data(BarDataWrangler(bars, instrument).process(table, ts_init_delta=ask["delta"]))
engine.add_strategy(Cross(StrategyConfig()))
with common.timed():
    engine.run()
orders = sorted((order for order in engine.cache.orders() if order.is_closed), key=lambda order: order.ts_last)
fees = sum((order.commissions()[0].as_decimal() for order in orders), Decimal())
flow = sum((order.avg_px * (-1 if order.side == OrderSide.BUY else 1) for order in orders))
held = sum((1 if order.side == OrderSide.BUY else -1 for order in orders))
last = float(table["close"].iloc[-1])
common.answer(
    engine="nautilus_trader " + nautilus_trader.__version__,
    finalEquity=ask["cash"] + flow - float(fees) + held * last,
    fees=fees,
    closed=len(orders) // 2,
    open=held,
    trades=[
        [buy.ts_last // 10**6, buy.avg_px, sell.ts_last // 10**6, sell.avg_px]
        for buy, sell in zip(orders[::2], orders[1::2])
    ],
)
