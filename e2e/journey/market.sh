# Candles, from a file.

readonly market='exchange=binance&symbol=BTC/USDT&timeframe=5m'

import_file() {
  send POST "/api/v1/market-data/candles/import?$market" --header 'Content-Type: application/gzip' --data-binary "@$samples/candles/$candle_file"
}

import_candles() {
  call GET "/api/v1/market-data/candles?$market"
  refused 404 MARKET_NOT_FOUND "there are no candles at first"
  import_file
  must 200 "a year of candles is imported"
  candles=$(jq ".files[\"$candle_file\"].candles" "$golden")
  holds "every candle of the file is there" '.data.imported == $n and .data.series.candleCount == $n' --argjson n "$candles"
  holds "the one outage is told" '.data.gapCount == 1 and .data.missing == 16'
  import_file
  holds "the same file once more changes nothing" '.data.imported == 0 and .data.updated == 0 and .data.unchanged == $n' --argjson n "$candles"
  call GET "/api/v1/market-data/candles?$market&limit=1"
  holds "prices are decimal texts" '.data[0] | .openTime == "2023-01-01T00:00:00.000Z" and (.close | type == "string")'
  call GET "/api/v1/market-data/candles?exchange=binance&symbol=BTC/USDT&timeframe=1M"
  holds "months are summed from five minutes, the closed ones only" \
    '(.data | length == 11) and (.data[0] | .openTime == "2023-01-01T00:00:00.000Z" and .open == "16541.77")'
  call GET "/api/v1/market-data/candles/export?$market&to=2023-01-01T00:10:00Z"
  same "what is exported is a file again" "$(head -1 "$work/body") $(wc -l <"$work/body")" "open_time_ms,open,high,low,close,volume 3"
  call POST /api/v1/indicators/compute '{"market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m"},
    "kind": "sma", "parameters": {"period": 3}, "from": "2023-01-01T00:00:00Z", "to": "2023-01-01T00:20:00Z"}'
  holds "an indicator warms up and then has the figures of the candles" \
    '.data.outputs.value | .[0] == null and .[1] == null and (.[2] - (16535.38 + 16526.67 + 16520.69) / 3 | fabs) < 1e-6'
  call GET /api/v1/indicators
  holds "the indicators are listed" '[.data[].name] | contains(["sma", "ema", "rsi", "bbands"])'
}
