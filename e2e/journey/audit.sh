# What was done is written down.

# entries ACTION NAME: the trail holds one of the user's own.
entries() {
  call GET "/api/v1/audit?action=$1"
  holds "$2" '.data | length > 0 and all(.action == $action and (.correlationId | length > 0))' --arg action "$1"
}

find_the_audit_entries() {
  entries user.created "the sign-up is there"
  entries tenant.created "the tenant is there"
  entries user.email-verified "the verified address is there"
  entries candle_series.imported "the import is there"
  entries strategy.created "the strategies are there"
  entries backtest.created "the back-tests are there"
  entries bot.created "the bot is there"
  entries bot.started "its start is there"
  call GET "/api/v1/audit?limit=100"
  holds "no entry shows the password" '[.data[] | tostring | contains($password)] | any | not' --arg password "$password"
}
