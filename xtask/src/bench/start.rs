use crate::{
    Outcome,
    run::{cargo, root},
};
use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often the server is started, each way.
const ROUNDS: usize = 5;
/// How long a start may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the server on an empty and on a used data directory and says how long it took.
pub fn run(json: bool) -> Outcome {
    cargo(&["build", "--quiet", "--release", "--package", "server"]).run()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let program = target.join("release/botcriptofy");
    let (mut cold, mut warm, mut memory) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let data = tempfile::tempdir().map_err(|error| error.to_string())?;
        cold.push(start(&program, data.path())?.0);
        let (took, resident) = start(&program, data.path())?;
        warm.push(took);
        memory.push(resident);
    }
    let (cold, warm) = (median(cold), median(warm));
    let memory = memory.into_iter().fold(0.0, f64::max);
    if json {
        println!(r#"{{"coldSeconds":{cold:.3},"warmSeconds":{warm:.3},"residentMb":{memory:.1}}}"#);
    } else {
        println!("start to healthy, cold   {cold:.3} s   (initdb and migrations included; median of {ROUNDS})");
        println!("start to healthy, warm   {warm:.3} s");
        println!("memory at rest           {memory:.1} MB (the server's own, without PostgreSQL)");
    }
    Ok(())
}

/// Seconds from start to healthy, and the resident memory in MB a moment later.
fn start(program: &Path, data: &Path) -> Result<(f64, f64), String> {
    let port = free_port()?;
    let began = Instant::now();
    let mut server = Command::new(program)
        .args(["serve", "--data-dir"])
        .arg(data)
        .env("PORT", port.to_string())
        .env("LOG_LEVEL", "warn")
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let measured = healthy(&mut server, port, began).and_then(|took| Ok((took, resident(server.id())?)));
    let _ = Command::new("kill").args(["-TERM", &server.id().to_string()]).status();
    server.wait().map_err(|error| error.to_string())?;
    measured
}

fn healthy(server: &mut Child, port: u16, began: Instant) -> Result<f64, String> {
    while began.elapsed() < PATIENCE {
        if answers(port) {
            return Ok(began.elapsed().as_secs_f64());
        }
        if let Ok(Some(status)) = server.try_wait() {
            return Err(format!("the server ended with {status}"));
        }
        thread::sleep(Duration::from_millis(2));
    }
    Err("the server did not become healthy".to_owned())
}

fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}

fn resident(pid: u32) -> Result<f64, String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").trim().parse().map_err(|_| "VmRSS is no number")?;
    Ok(kilobytes / 1024.0)
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
