# Signing up, the mail, signing in.

readonly password='correct horse battery staple'

# The link of the mail to an address. The mail is written by a job, a moment after the answer.
mailed_link() {
  local waited link
  for ((waited = 0; waited < 100; waited++)); do
    link=$(sed -n 's/^\(http[^\r]*\)\r*$/\1/p' "$data"/mail/*-"$1".eml 2>/dev/null) || true
    [[ -z "$link" ]] || break
    sleep 0.1
  done
  printf '%s' "$link"
}

# sign_up NAME: a new user with a tenant; the cookies are in `$jar`.
sign_up() {
  local name=$1 email=$1@example.com
  jar=
  call POST /api/auth/sign-up/email "{\"name\":\"$name\",\"email\":\"$email\",\"password\":\"$password\"}"
  must 200 "$name signs up"
  holds "$name has no session before the address is verified" '.success and .token == null and .user.emailVerified == false'
  call POST /api/auth/sign-in/email "{\"email\":\"$email\",\"password\":\"$password\"}"
  refused 403 EMAIL_NOT_VERIFIED "$name cannot sign in before that"

  local link
  link=$(mailed_link "$email")
  [[ "$link" == "$url"/* ]] || die "a mail leads $name to the server" "its link: '$link'"
  ok "a mail leads $name to the server"
  send GET "${link#"$url"}"
  must 302 "the link verifies the address"

  jar=$work/$name.jar
  : >"$jar"
  call POST /api/auth/sign-in/email "{\"email\":\"$email\",\"password\":\"wrong $password\"}"
  refused 401 INVALID_EMAIL_OR_PASSWORD "a wrong password opens nothing"
  call POST /api/auth/sign-in/email "{\"email\":\"$email\",\"password\":\"$password\"}"
  must 200 "$name signs in"
  same "the cookie is HttpOnly, SameSite=Lax and lasts a week" \
    "$(header set-cookie | grep -c 'session_token=.*Max-Age=604800; Path=/; HttpOnly; SameSite=Lax')" 1
  call GET /api/auth/get-session
  holds "the session is $name's" '.user.email == $email and .user.emailVerified' --arg email "$email"
}

see_the_tenant() {
  call GET /api/tenant/current
  must 200 "the user has a tenant"
  tenant=$(body .data.id)
  holds "it is a trader's, and the user is the trader" '.data.type == "trader" and .data.role == "trader" and .data.isDefault'
  call GET /api/tenant
  holds "it is the only one" '.meta.total == 1 and .data[0].id == $tenant' --arg tenant "$tenant"
}
