#!/usr/bin/env bash
# freqtrade in live mode on the sandbox: it buys and sells. Its installation is heavy: PEERS_VENVS may name a folder
# that has it already, as `freqtrade`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/check.sh"
source "$here/lib/sandbox.sh"

venv=${PEERS_VENVS:-$here/peers/.venvs}/freqtrade
if [[ ! -x "$venv/bin/freqtrade" ]]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --requirement "$here/peers/requirements/freqtrade.txt"
fi

start_sandbox --seed 7
mkdir -p "$work/user/strategies" "$work/user/data"
cp "$here/sandbox/always_enter.py" "$work/user/strategies/"
jq --arg url "$SANDBOX_URL" --arg sockets "${SANDBOX_URL/http/ws}" --arg key "$SANDBOX_KEY" --arg secret "$SANDBOX_SECRET" '
  .exchange.key = $key | .exchange.secret = $secret
  | .exchange.ccxt_config.urls.api = {
      public: "\($url)/api/v3", private: "\($url)/api/v3", sapi: "\($url)/sapi/v1",
      ws: {spot: "\($sockets)/stream/ws", "ws-api": {spot: "\($sockets)/ws-api/v3"}}
    }' "$here/sandbox/freqtrade.json" >"$work/config.json"

(cd "$work" && exec "$venv/bin/freqtrade" trade --config config.json --userdir user --strategy AlwaysEnter --db-url sqlite://) >"$work/freqtrade.log" 2>&1 &
bot=$!
# filled SIDE: how many orders of the first account are filled.
filled() {
  curl --silent "$SANDBOX_URL/sandbox/v1/state" | jq --arg side "$1" '[.accounts[2].orders[] | select(.side == $side and .status == "FILLED")] | length'
}
for ((waited = 0; waited < 180; waited++)); do
  (($(filled SELL) == 0)) || break
  kill -0 "$bot" 2>/dev/null || break
  sleep 1
done
bought=$(filled BUY)
sold=$(filled SELL)
kill -INT "$bot" 2>/dev/null || true
wait "$bot" || true
if ((bought > 0 && sold > 0)); then
  ok "freqtrade has bought ($bought) and sold ($sold) after $waited s"
else
  bad "freqtrade buys and sells" "bought: $bought, sold: $sold" "$(tail -n 40 "$work/freqtrade.log")"
fi
errors=$(grep -cE ' - ERROR - |Traceback' "$work/freqtrade.log" || true)
if ((errors == 0)); then ok "and has logged no error"; else bad "and has logged no error" "$(grep -E ' - ERROR - |Traceback' "$work/freqtrade.log" | head -n 5)"; fi
same "money is conserved" "$(curl --silent "$SANDBOX_URL/sandbox/v1/state" | jq -c .audit)" null
summary
