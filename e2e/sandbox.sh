#!/usr/bin/env bash
# The sandbox exchange under unmodified clients: ccxt of npm and of PyPI, and the commands of its guide.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/check.sh"
source "$here/lib/sandbox.sh"

start_sandbox --seed 7
heading "ccxt of npm"
if (cd "$here" && node --test --test-reporter=spec --test-concurrency=1 sandbox/*.test.js) >"$work/node" 2>&1; then
  while read -r name; do ok "$name"; done < <(sed -n 's/^ *✔ \(.*\) ([0-9.]*ms)$/\1/p' "$work/node")
else
  bad "ccxt of npm trades on the sandbox" "$(tail -n 60 "$work/node")"
fi

heading "ccxt of PyPI"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet ccxt
if "$work/venv/bin/python" "$here/sandbox/ccxt_pypi.py" >"$work/python" 2>&1; then
  while read -r name; do ok "${name#ok }"; done < <(grep '^ok ' "$work/python")
else
  bad "ccxt of PyPI trades on the sandbox" "$(tail -n 40 "$work/python")"
fi
same "money is conserved after all of it" "$(curl --silent "$SANDBOX_URL/sandbox/v1/state" | jq -c .audit)" null

heading "The guide"
# its blocks of `sh`, one after the other; the reader's folder has ccxt, and the program in cargo's place
reader=$work/reader
mkdir -p "$reader/bin"
ln -s "$here/node_modules" "$reader/node_modules"
{
  printf 'set -euo pipefail\nexec </dev/null\n'
  awk '/^```sh$/ { inside = 1; print "echo \"=== " NR "\" >&2"; next } /^```$/ { inside = 0 } inside' "$top/docs/sandbox.md" |
    sed "s|^url=.*|url=$SANDBOX_URL|; s|^key=.*|key=$SANDBOX_KEY|; s|^secret=.*|secret=$SANDBOX_SECRET|"
} >"$work/guide"
if (cd "$reader" && PATH=$work/venv/bin:$PATH bash "$work/guide" >"$work/out" 2>"$work/said"); then
  ok "every command of docs/sandbox.md works"
else
  bad "every command of docs/sandbox.md works" \
    "it stopped in the block at line $(sed -n 's/^=== //p' "$work/said" | tail -n 1)" "$(tail -n 5 "$work/said")" "$(tail -n 5 "$work/out")"
fi

if end sandbox; then ok "it ends when it is told to"; else bad "it ends when it is told to" "it ended with $?"; fi
summary
