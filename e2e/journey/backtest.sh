# The SMA cross under every convention, against figures that were reckoned elsewhere.

declare -A strategies

# sma_cross NAME SIZING
sma_cross() {
  jq --null-input --arg name "$1" --argjson sizing "$2" '{
    name: $name, market: {exchange: "binance", symbol: "BTC/USDT", timeframe: "5m"},
    indicators: {fast: {kind: "sma", period: 10}, slow: {kind: "sma", period: 50}},
    entry: {crossesAbove: ["fast", "slow"]}, exit: {crossesBelow: ["fast", "slow"]}, sizing: $sizing
  }'
}

create_strategies() {
  local sizing
  call POST /api/v1/strategies "$(sma_cross one_unit '{"kind": "fixedQuantity", "quantity": "1"}')"
  must 201 "the SMA cross is stored, one coin a trade"
  strategies[one_unit]=$(body .data.id)
  call POST /api/v1/strategies "$(sma_cross all_in '{"kind": "allIn"}')"
  must 201 "the SMA cross is stored, all cash a trade"
  strategies[all_in]=$(body .data.id)
  call POST /api/v1/strategies "$(sma_cross all_in '{"kind": "allIn"}')"
  refused 409 STRATEGY_NAME_TAKEN "two strategies of one name"
}

# convention NAME: a back-test file's part, as the golden figures name it: close/all_in/feeInBase. They know no filters.
convention() {
  local fill=nextOpen cash=10000000 paid_in=quote
  [[ $1 != close/* ]] || fill=close
  [[ $1 != */all_in* ]] || cash=10000
  [[ $1 != */feeInBase ]] || paid_in=received
  jq --null-input --arg fill "$fill" --arg cash "$cash" --arg in "$paid_in" \
    '{initialCash: $cash, fill: $fill, fees: {maker: "0.001", taker: "0.001", paidIn: $in}, filters: "none"}'
}

sizing_of() {
  [[ $1 == */all_in* ]] && printf all_in || printf one_unit
}

# near_golden NAME CONVENTION FILTER: the figures under the filter are the golden ones.
near_golden() {
  holds "$1" "def near(\$theirs): ((tonumber - \$theirs) | fabs) <= 1e-9 * (\$theirs | fabs);
    \$golden[0].files[\$file].sma10_50[\$convention] as \$theirs | $3
    | (.finalEquity | near(\$theirs.finalEquity)) and (.totalFees | near(\$theirs.totalFees))
      and .closedTrades == \$theirs.closedTrades and .openTrades == \$theirs.openTrades and .wins == \$theirs.wins" \
    --slurpfile golden "$golden" --arg file "$candle_file" --arg convention "$2"
}

# finished PATH STATUS: waits until what is at the path has come to the status.
finished() {
  local waited
  for ((waited = 0; waited < 1200; waited++)); do
    call GET "$1"
    [[ "$(body .data.status)" != "$2" ]] || return 0
    [[ "$(body .data.status)" != failed ]] || break
    sleep 0.1
  done
  die "$1 comes to be $2" "$(shown)"
}

backtest_every_convention() {
  local convention request
  while read -r convention; do
    request=$(convention "$convention" | jq --arg id "${strategies[$(sizing_of "$convention")]}" '. + {strategyId: $id}')
    call POST /api/v1/backtests "$request"
    [[ "$status" == 202 ]] || die "the back-test $convention is accepted" "$(shown)"
    [[ "$convention" != next_open/one_unit ]] || backtest=$(body .data.id)
    finished "/api/v1/backtests/$(body .data.id)" "done"
    near_golden "$convention: equity, fees, trades and wins are the golden ones" "$convention" .data.metrics
  done < <(jq -r ".files[\"$candle_file\"].sma10_50 | keys[]" "$golden")
  call GET "/api/v1/backtests/$backtest/equity"
  holds "the equity has as many points as holding would have" '.data | (.equity | length > 0) and (.equity | length) == (.buyAndHold | length)'
  call GET "/api/v1/backtests/$backtest/report"
  answers 200 "the report is a page"
  same "it holds its charts and no script" "$(grep -c '<svg' "$work/body" | sed 's/[1-9][0-9]*/some/') $(grep -c '<script' "$work/body")" "some 0"
  call GET "/api/v1/backtests/$backtest/report.png"
  answers 200 "the card is a picture"
  same "it is a PNG" "$(head -c 8 "$work/body" | od -An -tx1 | tr -d ' ')" 89504e470d0a1a0a
  call POST "/api/v1/backtests/$backtest/rerun"
  answers 202 "it is run once more"
  local again
  again=$(body .data.id)
  finished "/api/v1/backtests/$again" "done"
  holds "it comes to the same, to the last byte" '.data.reproduction == {same: true, changed: []}'
  call POST /api/v1/backtests/compare "$(jq --null-input --arg a "$backtest" --arg b "$again" '{ids: [$a, $b]}')"
  holds "beside each other no figure is the better" '[.data.metrics[].best | length] | add == 0'
}
