#![expect(clippy::unwrap_used, reason = "a test may panic")]

use auth::{Mail, Mailer};
use kit::{Clock, Ids, Time};
use smtp::{SetupError, SmtpMailer};
use std::{fs, os::unix::fs::PermissionsExt, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};

const FROM: &str = "BotCriptoFy <no-reply@bots.example>";
const LINK: &str = "http://127.0.0.1:3000/api/auth/verify-email?token=eyJhbGciOiJIUzI1NiJ9.\
                    eyJlbWFpbCI6ImFuYUBleGFtcGxlLmNvbSIsInVzZXJJZCI6IjAxOWIiLCJpYXQiOjAsImV4cCI6MzYwMH0.c2lnbmF0dXJl\
                    &callbackURL=%2Fwelcome";

fn mail(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "Confirme já".to_owned(),
        text: format!("Olá José,\n\n{LINK}\n\nBye\n"),
        html: "<p>Olá José</p>\n".to_owned(),
    }
}

fn noon() -> Clock {
    Clock::fixed(Time::from_millis(1_767_614_400_000))
}

fn over(url: &str, patience: Duration) -> SmtpMailer {
    SmtpMailer::patient(url, FROM, noon(), Ids::seeded(1), patience).unwrap()
}

#[tokio::test]
async fn without_a_server_a_mail_is_a_file_that_a_person_finds_and_whose_link_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mails = folder.path().join("data/mail");
    let clock = noon();
    let mailer = SmtpMailer::into_folder(&mails, FROM, clock.clone(), Ids::seeded(1)).unwrap();
    mailer.send(&mail("ana@example.com")).await.unwrap();
    mailer.send(&mail("ana@example.com")).await.unwrap();
    clock.advance(chrono::TimeDelta::seconds(1));
    mailer.send(&mail("bob@example.com")).await.unwrap();

    let mut names: Vec<_> =
        fs::read_dir(&mails).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "2026-01-05T12-00-00.000Z-ana@example.com-2.eml",
            "2026-01-05T12-00-00.000Z-ana@example.com.eml",
            "2026-01-05T12-00-01.000Z-bob@example.com.eml",
        ]
    );
    let file = mails.join(&names[2]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(file).unwrap();
    assert!(text.lines().any(|line| line == LINK), "{text}");
    for line in [
        "To: bob@example.com",
        "Date: Mon, 05 Jan 2026 12:00:01 +0000",
        "Subject: Confirme =?utf-8?b?asOh?=",
        "Olá José,",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert!(text.contains("multipart/alternative") && text.contains("text/html") && text.contains("@bots.example>"));
}

#[tokio::test]
async fn an_address_is_never_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = SmtpMailer::into_folder(folder.path(), FROM, noon(), Ids::seeded(1)).unwrap();
    let refused = mailer.send(&mail("../../etc/x\r\nBcc: eve@example.com")).await.unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.code()), (400, "MAIL_REFUSED"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A server that speaks SMTP to one client, answers its recipients with this line and tells what it has heard.
async fn server(to_recipient: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let (mut lines, mut heard, mut in_data) = (BufReader::new(read).lines(), String::new(), false);
        write.write_all(b"220 ready\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            heard += &format!("{line}\n");
            let reply = match line.split(' ').next().unwrap_or_default() {
                "." if in_data => {
                    in_data = false;
                    "250 taken"
                }
                _ if in_data => continue,
                "DATA" => {
                    in_data = true;
                    "354 go on"
                }
                "RCPT" => to_recipient,
                "QUIT" => break,
                _ => "250 ok",
            };
            write.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
        heard
    });
    (url, heard)
}

#[tokio::test]
async fn with_a_server_a_mail_is_handed_over_in_seven_bits() {
    let (url, heard) = server("250 ok").await;
    let mailer = over(&url, Duration::from_secs(10));
    mailer.send(&mail("ana@example.com")).await.unwrap();
    drop(mailer);
    let heard = heard.await.unwrap();
    assert!(heard.contains("MAIL FROM:<no-reply@bots.example>"), "{heard}");
    assert!(heard.contains("RCPT TO:<ana@example.com>") && heard.contains("From: BotCriptoFy"), "{heard}");
    assert!(heard.is_ascii(), "a server need not take more: {heard}");
}

#[tokio::test]
async fn a_mailbox_that_does_not_exist_is_the_senders_fault_and_a_full_one_is_not() {
    for (reply, status, code) in
        [("550 no such user", 400, "MAIL_REFUSED"), ("452 mailbox full", 503, "MAIL_UNAVAILABLE")]
    {
        let (url, heard) = server(reply).await;
        let mailer = over(&url, Duration::from_secs(10));
        let failed = mailer.send(&mail("ana@example.com")).await.unwrap_err();
        assert_eq!((failed.status().as_u16(), failed.code()), (status, code), "{reply}");
        drop(mailer);
        heard.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_silent_or_absent_costs_no_more_than_the_patience() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mailer = over(&format!("smtp://127.0.0.1:{port}"), Duration::from_millis(50));
    let failed = mailer.send(&mail("ana@example.com")).await.unwrap_err();
    assert_eq!((failed.status().as_u16(), failed.code()), (503, "MAIL_UNAVAILABLE"));
    drop(listener);
    let failed = mailer.send(&mail("ana@example.com")).await.unwrap_err();
    assert_eq!((failed.status().as_u16(), failed.code()), (503, "MAIL_UNAVAILABLE"));
}

#[tokio::test]
async fn what_is_set_wrongly_is_told_at_once_and_without_the_password() {
    let wrong = |url, from| SmtpMailer::over(url, from, noon(), Ids::seeded(1)).err().unwrap();
    let url = wrong("http://ana:hunter2@mail.example", FROM);
    assert!(matches!(url, SetupError::Url(_)) && !url.to_string().contains("hunter2"), "{url}");
    assert!(matches!(wrong("smtp://mail.example", "nobody"), SetupError::Sender(_)));
}
