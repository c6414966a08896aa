"""The SMA cross in freqtrade's back-test, which fills at the open of the next candle.

It asks an exchange for its markets before it begins; a stub answers in its place, so nothing goes out to the network.
"""

import logging
import tempfile
from pathlib import Path

import common

import freqtrade
from freqtrade.data.history import get_timerange
from freqtrade.enums import CandleType, RunMode
from freqtrade.exchange import Exchange
from freqtrade.optimize.backtesting import Backtesting

logging.disable(logging.CRITICAL)
ask = common.arguments()
pair = "BTC/USDT" if "BTC" in ask["file"] else "ETH/USDT"
base, quote = pair.split("/")
bounds = {"min": None, "max": None}
MARKET = {
    "id": base + quote, "symbol": pair, "base": base, "quote": quote, "active": True, "spot": True, "type": "spot",
    "margin": False, "swap": False, "future": False, "contract": False, "linear": None, "inverse": None, "info": {},
    "precision": {"amount": 1e-8, "price": 1e-8}, "taker": ask["fee"], "maker": ask["fee"], "contractSize": None,
    "limits": {"amount": bounds, "price": bounds, "cost": bounds, "leverage": bounds},
}


def reload_markets(self, *_, **__):
    self._markets = {pair: MARKET}
    self._api.set_markets([MARKET])
    self._api_async.set_markets([MARKET])


Exchange.reload_markets = reload_markets
Exchange.validate_config = lambda self, config: None
Exchange.additional_exchange_init = lambda self: None

table, _ = common.frame(ask["file"], str.lower, utc=True)
folder = Path(tempfile.mkdtemp())
table.reset_index(names="date").to_feather(folder / f"{base}_{quote}-{ask['frame']}.feather")
config = {
    "runmode": RunMode.BACKTEST, "strategy": "Cross", "strategy_path": str(Path(__file__).parent / "freqtrade_strategies"),
    "stake_currency": quote, "stake_amount": "unlimited", "max_open_trades": 1, "dry_run": True,
    "dry_run_wallet": ask["cash"], "tradable_balance_ratio": 1.0, "fee": ask["fee"], "timeframe": ask["frame"],
    "stoploss": -ask.get("stop", 0.99), "minimal_roi": {"0": ask.get("target", 1000)}, "ask": ask,
    "trading_mode": "spot", "margin_mode": "", "candle_type_def": CandleType.SPOT,
    "exchange": {"name": "binance", "pair_whitelist": [pair], "pair_blacklist": []},
    "pairlists": [{"method": "StaticPairList"}], "datadir": folder, "dataformat_ohlcv": "feather", "export": "none",
    "user_data_dir": folder, "exportfilename": folder, "exportdirectory": folder, "enable_protections": False,
    "entry_pricing": {"price_side": "same"}, "exit_pricing": {"price_side": "same"}, "original_config": {},
}
backtesting = Backtesting(config)
strategy = backtesting.strategylist[0]
backtesting._set_strategy(strategy)
known, _ = backtesting.load_bt_data()
with common.timed():
    indicators = strategy.advise_all_indicators(known)
    begin, end = get_timerange(indicators)
    trades = backtesting.backtest(processed=indicators, start_date=begin, end_date=end)["results"]
# what is open at the end is sold there; our figures mark it instead
closed = trades[trades["exit_reason"] != "force_exit"]
last = trades[trades["exit_reason"] == "force_exit"]
close, fee = float(table["close"].iloc[-1]), ask["fee"]
common.answer(
    engine="freqtrade " + freqtrade.__version__,
    finalEquity=ask["cash"]
    + closed["profit_abs"].sum()
    + sum(row.amount * (close - row.open_rate * (1 + fee)) for row in last.itertuples()),
    fees=sum((row.open_rate + row.close_rate) * row.amount * fee for row in closed.itertuples())
    + sum(row.open_rate * row.amount * fee for row in last.itertuples()),
    closed=len(closed),
    open=len(last),
    trades=[
        [int(row.open_date.timestamp() * 1000), row.open_rate, int(row.close_date.timestamp() * 1000), row.close_rate]
        for row in closed.itertuples()
    ],
)
