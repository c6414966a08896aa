use super::{
    Context, Failure, print, runtime,
    serve::{Opened, open},
};
use crate::{
    demo,
    logging::{self, Output},
};

/// Serve a demonstration: seeded tenants, real candles, a finished back-test and a running paper bot
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, context: &Context) -> Result<(), Failure> {
    let mut settings = context.config()?.settings;
    // what is played with stays apart from what is real
    settings.data_dir = settings.data_dir.join("demo");
    let mut logs = settings.logs(Output::Stderr);
    if logs.level == "info" {
        "warn".clone_into(&mut logs.level);
    }
    let _logs = logging::init(&logs)?;
    runtime()?.block_on(async {
        let opened = open(&settings).await?;
        let Opened { assembly, url, .. } = &opened;
        let seeded = demo::seed(assembly).await?;
        print(&welcome(url, &seeded, &settings.data_dir.display().to_string()))?;
        opened.serve().await
    })
}

fn welcome(url: &str, seeded: &demo::Seeded, data: &str) -> String {
    let demo::Seeded { backtest, bot, .. } = seeded;
    let people = demo::PEOPLE.iter().map(|it| format!("    {:<22} {}\n", it.email, it.what));
    format!(
        "BotCriptoFy is running at {url}

  Sign in as (password: {password})
{people}
  Look at
    {url}/docs                                   the API, to read and to try
    {url}/health                                 how it is
    {url}/api/v1/backtests/{backtest}/report     a finished back-test, once signed in

  From a terminal
    curl -c jar -H 'Content-Type: application/json' {url}/api/auth/sign-in/email \\
      -d '{{\"email\":\"{trader}\",\"password\":\"{password}\"}}'
    curl -b jar {url}/api/v1/bots/{bot}
    curl -b jar {url}/api/v1/orders
    curl -b jar -o report.html {url}/api/v1/backtests/{backtest}/report

  Mails of new users are written to {data}/mail. Ctrl-C ends it; what is there stays in {data}.
",
        password = demo::PASSWORD,
        people = people.collect::<String>(),
        trader = demo::PEOPLE[0].email,
    )
}
