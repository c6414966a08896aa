# What another tenant sees of all this: nothing, by any route there is.

# Every path of the API that can be read to its end, with each id of the other tenant's in its place.
readable_paths() {
  jar='' call GET /openapi.json
  jq -r '.paths | to_entries[] | select(.value.get and (.key | startswith("/api/")))
    | select(.value.get.responses["200"].content["text/event-stream"] | not) | .key
    | if contains("{") then . as $path | $ARGS.positional[] | . as $id | $path | gsub("{version}"; "1") | gsub("{[a-zA-Z]+}"; $id) else . end' \
    --args "${secrets[@]}" <"$work/body"
}

# What nobody else may be shown.
gather_secrets() {
  local mine=$jar
  jar=$ana
  call GET "/api/v1/market-data/markets"
  series=$(body '.data[0].id')
  call GET "/api/v1/audit?limit=1"
  entry=$(body '.data[0].id')
  jar=$mine
  order=$(head -n 1 "$work/after" | jq -r .id)
  secrets=("$tenant" "${strategies[one_unit]}" "$backtest" "$bot_id" "$order" "$series")
}

look_for_what_is_anothers() {
  gather_secrets
  local path told shown_secret=0 asked=0 secret query="botId=$bot_id&strategyId=${strategies[one_unit]}&orderId=$order&$market"
  while read -r path; do
    call GET "$path?$query"
    asked=$((asked + 1))
    # no exchange can be asked here
    [[ "$status" =~ ^[234] ]] || grep -q EXCHANGE_UNAVAILABLE "$work/body" || bad "GET $path is answered" "$(shown)"
    # a refusal repeats the path that was asked for
    told=$(jq 'if type == "object" then del(.path) | if .code == "BAD_PATH" then del(.message) else . end else . end' "$work/body" 2>/dev/null || cat "$work/body")
    for secret in "${secrets[@]}" "$entry" ana@example.com; do
      if [[ "$told" == *"$secret"* ]]; then
        shown_secret=$((shown_secret + 1))
        bad "GET $path shows nothing of another tenant" "$(shown)"
      fi
    done
  done < <(readable_paths)
  same "$asked readings with another tenant's ids show nothing of it" "$shown_secret" 0
  if ((asked < 40)); then bad "the document lists all paths" "only $asked were asked for"; fi

  for path in /api/v1/strategies /api/v1/backtests /api/v1/bots /api/v1/orders /api/v1/fills /api/v1/positions /api/v1/market-data/markets; do
    call GET "$path"
    holds "$path is empty" '.data == []'
  done
  send GET /api/tenant/current --header "X-Tenant-ID: $tenant"
  refused 404 TENANT_NOT_FOUND "another's tenant by header"
  call GET "/api/tenant/current?tenant_id=$tenant"
  refused 404 TENANT_NOT_FOUND "another's tenant by query"
}

# meddle METHOD PATH CODE [JSON]
meddle() {
  local method=$1 path=$2 code=$3
  shift 3
  call "$method" "$path" "$@"
  refused 404 "$code" "$method $(sed -E 's/[0-9a-f-]{36}/{id}/' <<<"$path")"
}

meddle_with_what_is_anothers() {
  local strategy=${strategies[one_unit]} verb
  for verb in start pause stop; do
    meddle POST "/api/v1/bots/$bot_id/$verb" BOT_NOT_FOUND
  done
  meddle PATCH "/api/v1/bots/$bot_id" BOT_NOT_FOUND '{"name":"Mine now"}'
  meddle DELETE "/api/v1/bots/$bot_id" BOT_NOT_FOUND
  meddle PUT "/api/v1/strategies/$strategy" STRATEGY_NOT_FOUND "$(sma_cross mine '{"kind": "allIn"}')"
  meddle DELETE "/api/v1/strategies/$strategy" STRATEGY_NOT_FOUND
  meddle POST "/api/v1/backtests/$backtest/cancel" BACKTEST_NOT_FOUND
  meddle DELETE "/api/v1/backtests/$backtest" BACKTEST_NOT_FOUND
  meddle DELETE "/api/v1/market-data/series/$series" SERIES_NOT_FOUND
  meddle PATCH "/api/tenant/$tenant" TENANT_NOT_FOUND '{"name":"Mine now"}'
  call POST /api/v1/backtests "$(convention next_open/one_unit | jq --arg id "$strategy" '. + {strategyId: $id}')"
  refused 404 STRATEGY_NOT_FOUND "a back-test of another's strategy"
  call POST /api/v1/indicators/compute '{"market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m"}, "kind": "sma"}'
  refused 404 MARKET_NOT_FOUND "an indicator on another's candles"
  call POST /api/v1/bots "$(jq --null-input --arg id "$strategy" \
    '{name: "Thief", mode: "paper", strategyId: $id, initialCash: "1000", feed: {kind: "replay", speed: "max"}}')"
  refused 404 STRATEGY_NOT_FOUND "a bot of another's strategy"
}

find_everything_untouched() {
  call GET "/api/v1/bots/$bot_id"
  holds "the bot is as it was" '.data.status == "finished" and .data.name == "Crash test"'
  call GET "/api/v1/strategies"
  holds "the strategies are as they were" '.meta.total == 2 and all(.data[]; .version == 1)'
  call GET "/api/v1/backtests?limit=100"
  holds "the back-tests are as they were" '.meta.total == 9 and all(.data[]; .status == "done")'
}
