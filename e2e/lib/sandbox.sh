# A sandbox exchange of the suite's own, on a free port.

source "$(dirname "${BASH_SOURCE[0]}")/work.sh"

# start_sandbox [OPTION…]: exports SANDBOX_URL, SANDBOX_KEY and SANDBOX_SECRET.
start_sandbox() {
  (cd "$work" && exec "$binary" --json --data-dir "$work/data" sandbox --port 0 "$@") >"$work/sandbox.json" 2>"$work/sandbox.log" &
  sandbox=$!
  local waited
  for ((waited = 0; waited < 300; waited++)); do
    [[ ! -s "$work/sandbox.json" ]] || break
    kill -0 "$sandbox" 2>/dev/null || break
    sleep 0.1
  done
  [[ -s "$work/sandbox.json" ]] || { echo "the sandbox did not start:" >&2 && cat "$work/sandbox.log" >&2 && exit 1; }
  SANDBOX_URL=$(jq -r .url "$work/sandbox.json")
  SANDBOX_KEY=$(jq -r .apiKey "$work/sandbox.json")
  SANDBOX_SECRET=$(jq -r .apiSecret "$work/sandbox.json")
  export SANDBOX_URL SANDBOX_KEY SANDBOX_SECRET
}
