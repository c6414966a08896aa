#!/usr/bin/env bash
# Every command of the guides that a reader is asked to paste, as they would.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/check.sh"
source "$here/lib/server.sh"

start_server
# the reader's folder, with the program that is to be tried in cargo's place
reader=$work/reader
mkdir -p "$reader/bin"
ln -s "$top/samples" "$reader/samples"
printf '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "%s" "$@"\n' "$binary" >"$reader/bin/cargo"
chmod +x "$reader/bin/cargo"

# try GUIDE: pastes its blocks of `sh`, one after the other; those of `console` are for machines unlike this one.
try() {
  local guide=docs/guide-$1.md
  {
    printf 'set -euo pipefail\nexec </dev/null\n'
    awk '/^```sh$/ { inside = 1; print "echo \"=== " NR "\" >&2"; next } /^```$/ { inside = 0 } inside' "$top/$guide" |
      sed "s|^url=.*|url=$url|; s|^mails=.*|mails=$data/mail|"
  } >"$work/guide"
  if (cd "$reader" && BOTCRIPTOFY_DATA_DIR=$data PATH=$reader/bin:$PATH bash "$work/guide" >"$work/out" 2>"$work/said"); then
    ok "every command of $guide works"
  else
    bad "every command of $guide works" \
      "it stopped in the block at line $(sed -n 's/^=== //p' "$work/said" | tail -n 1)" "$(tail -n 5 "$work/said")" "$(tail -n 5 "$work/out")"
  fi
  [[ -z "${BOTCRIPTOFY_GUIDE_OUTPUT-}" ]] || cp "$work/out" "$BOTCRIPTOFY_GUIDE_OUTPUT-$1"
}

# says TEXT: whether the last guide's commands have said it.
says() {
  if grep -qF -- "$1" "$work/out"; then ok "it says: $1"; else bad "it says: $1" "$(tail -n 20 "$work/out")"; fi
}

try trader
for page in report.html offline.html; do
  if grep -q '<svg' "$reader/$page"; then ok "$page has its charts"; else bad "$page has its charts"; fi
done

try operator
says '"intact":true'
says 'permission.revoked'
summary
