#!/usr/bin/env bash
# Every command of docs/guide-trader.md, as a reader would paste it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/check.sh"
source "$here/lib/server.sh"

start_server
# the reader's folder, with the program that is to be tried in cargo's place
mkdir -p "$work/reader/bin"
ln -s "$top/samples" "$work/reader/samples"
printf '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "%s" "$@"\n' "$binary" >"$work/reader/bin/cargo"
chmod +x "$work/reader/bin/cargo"

{
  printf 'set -euo pipefail\nexec </dev/null\n'
  awk '/^```sh$/ { inside = 1; print "echo \"=== " NR "\" >&2"; next } /^```$/ { inside = 0 } inside' "$top/docs/guide-trader.md" |
    sed "s|^url=.*|url=$url|; s|^mails=.*|mails=$data/mail|"
} >"$work/guide"

if (cd "$work/reader" && PATH=$work/reader/bin:$PATH bash "$work/guide" >"$work/out" 2>"$work/said"); then
  ok "every command of docs/guide-trader.md works"
else
  bad "every command of docs/guide-trader.md works" \
    "it stopped in the block at line $(sed -n 's/^=== //p' "$work/said" | tail -n 1)" "$(tail -n 5 "$work/said")" "$(tail -n 5 "$work/out")"
fi
[[ -z "${BOTCRIPTOFY_GUIDE_OUTPUT-}" ]] || cp "$work/out" "$BOTCRIPTOFY_GUIDE_OUTPUT"
for page in report.html offline.html; do
  if grep -q '<svg' "$work/reader/$page"; then ok "$page has its charts"; else bad "$page has its charts"; fi
done
summary
