use std::cell::Cell;
use std::io::Write;
use std::marker::PhantomData;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::Now;
use super::fields::{Collector, Encode, Fields};
use super::stamp::Stamp;

/// Composes a line.
pub(super) trait Shape: Encode + Send + Sync + 'static {
    /// Writes the line, with its end, to `out`. `time` is like `2025-10-16T10:30:00.000Z`.
    fn line(&self, out: &mut Vec<u8>, time: &str, metadata: &Metadata<'_>, fields: &Fields);
}

/// Writes each event as a line of some shape.
pub(super) struct Lines<F, W> {
    shape: F,
    now: Now,
    writer: W,
}

impl<F, W> Lines<F, W> {
    pub(super) fn new(shape: F, now: Now, writer: W) -> Self {
        Self { shape, now, writer }
    }
}

/// The fields of a span as a shape writes them.
struct SpanFields<F> {
    fields: Fields,
    shape: PhantomData<F>,
}

/// Buffers that a thread uses again for each line.
#[derive(Default)]
struct Buffers {
    fields: Fields,
    text: String,
    line: Vec<u8>,
    stamp: Stamp,
}

/// More than this is not kept for the next line.
const KEPT: usize = 64 * 1024;

thread_local! {
    /// Taken out while in use: a value's `Debug` may log in its turn, and then works on buffers of its own.
    static BUFFERS: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

fn with_buffers(work: impl FnOnce(&mut Buffers)) {
    let mut buffers = BUFFERS.take().unwrap_or_default();
    work(&mut buffers);
    if buffers.line.capacity() <= KEPT && buffers.text.capacity() <= KEPT {
        BUFFERS.set(Some(buffers));
    }
}

impl<S, F, W> Layer<S> for Lines<F, W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: Shape,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        with_buffers(|buffers| attributes.record(&mut Collector::<F>::new(&mut fields, &mut buffers.text)));
        // Another layer of this shape may have put the same there.
        span.extensions_mut().replace(SpanFields::<F> { fields, shape: PhantomData });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // Formatted before the span is locked: a value's `Debug` may log, and that reads the span.
        let mut recorded = Fields::default();
        with_buffers(|buffers| values.record(&mut Collector::<F>::new(&mut recorded, &mut buffers.text)));
        if let Some(known) = span.extensions_mut().get_mut::<SpanFields<F>>() {
            recorded.inherit(&known.fields);
            known.fields = recorded;
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        with_buffers(|Buffers { fields, text, line, stamp }| {
            fields.clear();
            line.clear();
            event.record(&mut Collector::<F>::new(fields, text));
            for span in context.event_scope(event).into_iter().flatten() {
                if let Some(outer) = span.extensions().get::<SpanFields<F>>() {
                    fields.inherit(&outer.fields);
                }
            }
            self.shape.line(line, stamp.write((self.now)()), event.metadata(), fields);
            // Where even the log cannot be written there is no place left to say so.
            let _ = self.writer.make_writer_for(event.metadata()).write_all(line);
        });
    }
}
