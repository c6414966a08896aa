"""The SMA cross as freqtrade's users write it. What it is asked stands in the configuration under `ask`."""

import talib.abstract as talib
from freqtrade.strategy import IStrategy


class Cross(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "5m"
    stoploss = -0.99
    minimal_roi = {}
    use_exit_signal = True
    startup_candle_count = 0

    def populate_indicators(self, dataframe, metadata):
        ask = self.config["ask"]
        dataframe["fast"] = talib.SMA(dataframe, timeperiod=ask["fast"])
        dataframe["slow"] = talib.SMA(dataframe, timeperiod=ask["slow"])
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        fast, slow = dataframe["fast"], dataframe["slow"]
        dataframe.loc[(fast > slow) & (fast.shift(1) <= slow.shift(1)), "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        fast, slow = dataframe["fast"], dataframe["slow"]
        dataframe.loc[(fast < slow) & (fast.shift(1) >= slow.shift(1)), "exit_long"] = 1
        return dataframe

    def custom_stake_amount(self, pair, current_time, current_rate, **_):
        return current_rate  # one coin
