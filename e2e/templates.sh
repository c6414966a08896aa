#!/usr/bin/env bash
# What the templates would have earned on the bundled candles: writes their part of docs/strategies.md and their
# pictures; with `--check` it only says whether that part is what it would write.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in "$here"/lib/*.sh "$here"/journey/sign_up.sh; do
  source "$part"
done

page=$top/docs/strategies.md
pictures=$top/docs/images/templates
candles=$top/samples/candles/binance_BTCUSDT_1h_20170817_20211231.csv.gz

# A card has few colours.
shrink() {
  command -v pngquant >/dev/null || die "pictures are made smaller" "there is no \`pngquant\`"
  pngquant --force --strip --speed 1 --output "$2" 48 "$1"
}

# backtest ID: a template's answer, and its picture where one is to be written.
backtest() {
  local card=() file=$work/$1.json
  [[ "$mode" == check ]] || card=(--png "$work/$1.png")
  jq --arg id "$1" '{strategy: (.[] | select(.id == $id).document), initialCash: "10000", fees: {maker: "0.001", taker: "0.001"}}' \
    "$work/templates" >"$file"
  "$binary" --json backtest "$file" --candles "$candles" "${card[@]}" >"$work/$1.answer" 2>"$work/said" ||
    die "$1 runs" "$(tail -n 5 "$work/said")"
  [[ "$mode" == check ]] || shrink "$work/$1.png" "$pictures/$1.png"
}

rows='def digits($n): if . == null then "–" else
    (if . < 0 then "−" else "" end) + (fabs * pow(10; $n) + 0.5 | floor | tostring
      | if length <= $n then ("0" * ($n + 1 - length)) + . else . end | .[:-$n] + "." + .[-$n:]) end;
  def percent: if . == null then "–" else . * 100 | digits(1) + " %" end;
  .metrics | [.closedTrades, (.return | percent), (.cagr | percent), (.maxDrawdown | percent), (.sharpe | digits(2)),
    (.profitFactor | digits(2)), (.winRate | percent), (.totalFees | tonumber | round)] | map(tostring) | join(" | ")'

# The part of the page.
written() {
  local id first
  first=$(jq -r '.[0].id' "$work/templates")
  jq -r '.metrics.buyAndHold * 100 | "Who bought at the beginning and held had \(. | round) % more at the end.\n"' "$work/$first.answer"
  echo '| template | trades | return | a year | largest drawdown | Sharpe | profit factor | won | fees |'
  echo '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |'
  for id in "${ids[@]}"; do
    printf '| [`%s`](#%s) | %s |\n' "$id" "$id" "$(jq -r "$rows" "$work/$id.answer")"
  done
  for id in "${ids[@]}"; do
    printf '\n### %s\n\n' "$id"
    jq -r --arg id "$id" '.[] | select(.id == $id) | "\(.description) *(\(.difficulty))*"' "$work/templates"
    printf '\n![%s on the bundled candles](images/templates/%s.png)\n' "$id" "$id"
  done
}

mode=write
[[ "${1-}" != --check ]] || mode=check
start_server
sign_up ana
call GET /api/v1/strategies/templates
must 200 "the templates are there"
jq .data "$work/body" >"$work/templates"
mapfile -t ids < <(jq -r '.[].id' "$work/templates")
mkdir -p "$pictures"
for id in "${ids[@]}"; do
  backtest "$id"
done
written >"$work/part"
awk -v part="$work/part" '/<!-- templates: end -->/ { inside = 0 } !inside
  /<!-- templates: begin/ { inside = 1; print ""; while ((getline line < part) > 0) print line; print "" }' "$page" >"$work/page"
if [[ "$mode" == write ]]; then cp "$work/page" "$page"; fi
if cmp -s "$work/page" "$page"; then
  ok "docs/strategies.md tells what the templates would have earned"
else
  bad "docs/strategies.md tells what the templates would have earned" "renew it: e2e/templates.sh" "$(diff "$page" "$work/page" | head -n 10)"
fi
for id in "${ids[@]}"; do
  [[ -s "$pictures/$id.png" ]] || bad "$id has a picture" "renew it: e2e/templates.sh"
done
summary
