//! Asks the same question over many connections, each as soon as it has its answer.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What was answered, and how fast.
pub(crate) struct Load {
    /// In microseconds, in order.
    latencies: Vec<u32>,
    took: Duration,
}

impl Load {
    pub(crate) fn count(&self) -> usize {
        self.latencies.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.count() as f64 / self.took.as_secs_f64()
    }

    /// In milliseconds.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let at = ((self.count() - 1) as f64 * part) as usize;
        f64::from(self.latencies[at]) / 1000.0
    }
}

/// A question without a body.
pub(crate) fn get(path: &str, cookie: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n")
}

pub(crate) fn run(port: u16, request: &str, connections: usize, how_long: Duration) -> Load {
    // one thread: the load must leave the machine to the server
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let began = Instant::now();
        let end = began + how_long;
        let tasks = (0..connections).map(|_| tokio::spawn(ask(port, request.to_owned(), end)));
        let mut latencies = vec![];
        for task in tasks.collect::<Vec<_>>() {
            latencies.extend(task.await.expect("a connection works to the end"));
        }
        let took = began.elapsed();
        latencies.sort_unstable();
        Load { latencies, took }
    })
}

async fn ask(port: u16, request: String, end: Instant) -> Vec<u32> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket option");
    let (mut latencies, mut answer) = (vec![], Vec::with_capacity(4096));
    loop {
        let asked = Instant::now();
        if asked >= end {
            return latencies;
        }
        stream.write_all(request.as_bytes()).await.expect("the question is sent");
        answer.clear();
        while !whole(&answer) {
            assert!(stream.read_buf(&mut answer).await.expect("the answer is read") > 0, "the server hung up");
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        latencies.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

/// Whether the headers and as many bytes as they announce are there.
fn whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let headers = std::str::from_utf8(&answer[..end]).expect("headers are text");
    let length = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    answer.len() >= end + 4 + length.expect("the length is announced")
}
