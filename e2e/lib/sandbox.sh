# A sandbox exchange of the suite's own, on a free port.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=$(realpath "${BOTCRIPTOFY:-${CARGO_TARGET_DIR:-$top/target}/debug/botcriptofy}")
[[ -x "$binary" ]] || { echo "there is no $binary: run \`cargo build -p server\`" >&2 && exit 2; }

work=$(mktemp -d)
sandbox=

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

# Ends it as an operator does; answers its exit code.
stop_sandbox() {
  local code=0
  kill -TERM "$sandbox" 2>/dev/null || true
  wait "$sandbox" || code=$?
  sandbox=
  return "$code"
}

clean_up() {
  [[ -z "$sandbox" ]] || stop_sandbox || true
  rm -rf "$work"
}
trap clean_up EXIT
