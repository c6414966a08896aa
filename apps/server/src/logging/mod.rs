//! Structured logs: JSON lines (or coloured text on a terminal), and rotated files when `LOG_DIR` is set.
//!
//! A line carries the `correlation_id` of the nearest span that has one; every other field of the event and its spans
//! goes to `context`, the nearest winning where names meet. Fields and texts that look like secrets are masked.

mod fields;
mod json;
mod layer;
mod pretty;
mod redact;
mod rotate;
mod stamp;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{FilterExt, FilterFn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

pub use json::Identity;
pub use rotate::RotatingFile;

use crate::config::LogFormat;

/// Tells the time of a line.
pub type Now = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Where lines go, besides files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The standard output: for the server.
    Stdout,
    /// The standard error: for commands whose answer is on the standard output.
    Stderr,
}

/// How to log; made by [`Settings::logs`](crate::config::Settings::logs).
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// What is logged, in the language of [`EnvFilter`].
    pub level: String,
    /// The shape of lines on `output`; without it JSON, and pretty on a terminal.
    pub format: Option<LogFormat>,
    /// Where lines go.
    pub output: Output,
    /// The directory of log files, if there are to be any.
    pub dir: Option<PathBuf>,
    /// The most log files kept.
    pub max_files: usize,
    /// The size at which a log file is followed by the next, in bytes.
    pub max_size: u64,
    /// The environment named in each line.
    pub environment: &'static str,
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not one.
    #[error("LOG_LEVEL: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// The directory of log files cannot be used.
    #[error("LOG_DIR: {}: {source}; expected a directory that can be written", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Logging has already been started in this process.
    #[error("logging has already been started")]
    Started(#[from] tracing_subscriber::util::TryInitError),
}

/// Keeps logging going; dropping it writes what still waits. Hold it until the end of `main`.
#[derive(Debug)]
#[must_use = "logging ends when the guard is dropped"]
pub struct Guard {
    dropped: Vec<ErrorCounter>,
    workers: Vec<WorkerGuard>,
}

impl Guard {
    /// How many lines have been dropped because more were waiting than are held.
    #[must_use]
    pub fn dropped_lines(&self) -> usize {
        self.dropped.iter().map(ErrorCounter::dropped_lines).sum()
    }
}

/// Starts logging for the whole process, including what is logged through the `log` crate.
///
/// # Errors
/// When the filter is wrong, the log directory cannot be written or logging has already been started.
pub fn init(settings: &LogSettings) -> Result<Guard, LogError> {
    let filter = EnvFilter::try_new(&settings.level)?;
    let now: Now = Arc::new(SystemTime::now);
    let identity = Identity::of_this_process(settings.environment);
    let mut guard = Guard { dropped: Vec::new(), workers: Vec::new() };

    let mut file = None;
    if let Some(dir) = &settings.dir {
        let opened = RotatingFile::open(dir, settings.max_size, settings.max_files, now.clone());
        file = Some(guard.writer(opened.map_err(|source| LogError::Directory { path: dir.clone(), source })?));
    }
    let terminal = settings.output.is_terminal();
    let output = guard.writer(settings.output.open());
    let shape = settings.format.unwrap_or(if terminal { LogFormat::Pretty } else { LogFormat::Json });
    let (json, pretty) = match (shape, file) {
        (LogFormat::Json, None) => (Some(BoxMakeWriter::new(output)), None),
        (LogFormat::Json, Some(file)) => (Some(BoxMakeWriter::new(output.and(file))), None),
        (LogFormat::Pretty, file) => (file.map(BoxMakeWriter::new), Some(output)),
    };
    let json = json.map(|writer| json_layer(&identity, now.clone(), writer));
    let pretty = pretty.map(|writer| pretty_layer(terminal && colours_wanted(), now, writer));
    let lines = Layer::and_then(json, pretty).with_filter(filter.or(requests()));
    Registry::default().with(lines).try_init()?;
    Ok(guard)
}

/// Lets spans pass whatever `LOG_LEVEL` says: a lone warning has its correlation id all the same.
fn requests() -> FilterFn {
    let spans = |metadata: &Metadata<'_>| metadata.is_span() && *metadata.level() <= Level::INFO;
    FilterFn::new(spans as fn(&Metadata<'_>) -> bool).with_max_level_hint(LevelFilter::INFO)
}

/// A layer that writes each event to `writer` as one JSON line.
pub fn json_layer<S, W>(identity: &Identity, now: Now, writer: W) -> impl Layer<S> + use<S, W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    layer::Lines::new(json::Json::new(identity), now, writer)
}

/// A layer that writes each event to `writer` as one line for people.
pub fn pretty_layer<S, W>(colours: bool, now: Now, writer: W) -> impl Layer<S> + use<S, W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    layer::Lines::new(pretty::Pretty { colours }, now, writer)
}

impl Guard {
    /// A writer that hands lines to a thread of its own, so that no caller ever waits for a disk or a pipe.
    fn writer(&mut self, to: impl Write + Send + 'static) -> NonBlocking {
        let builder = NonBlockingBuilder::default().lossy(true).thread_name("log-writer");
        let (writer, worker) = builder.finish(BufWriter::with_capacity(64 * 1024, to));
        self.dropped.push(writer.error_counter());
        self.workers.push(worker);
        writer
    }
}

impl Output {
    fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }

    fn open(self) -> Box<dyn Write + Send> {
        match self {
            Self::Stdout => Box::new(io::stdout()),
            Self::Stderr => Box::new(io::stderr()),
        }
    }
}

/// <https://no-color.org>
fn colours_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
