//! The one task that owns the world. Whoever wants something of it sends a function and waits for what it gives.

use crate::world::World;
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// How often changes of books and candles are told.
const TICK: Duration = Duration::from_millis(100);
/// Requests that wait; whoever comes then waits at the door.
const QUEUE: usize = 1_024;

type Job = Box<dyn FnOnce(&mut World) + Send>;

/// The way to the task.
#[derive(Clone, Debug)]
pub struct Engine(mpsc::Sender<Job>);

/// The task has ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exchange has ended")]
pub struct Gone;

impl Engine {
    /// Starts the task; it ends with the token.
    #[must_use]
    pub fn start(world: World, stop: CancellationToken) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(world, waiting, stop));
        Self(jobs)
    }

    /// Does something with the world, at the present moment.
    ///
    /// # Errors
    /// [`Gone`].
    pub async fn ask<T: Send + 'static>(&self, what: impl FnOnce(&mut World) -> T + Send + 'static) -> Result<T, Gone> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |world| {
            // whoever asked may have gone away
            let _ = answer.send(what(world));
        });
        self.0.send(job).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }
}

async fn run(mut world: World, mut waiting: mpsc::Receiver<Job>, stop: CancellationToken) {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            job = waiting.recv() => match job {
                Some(job) => {
                    world.advance();
                    job(&mut world);
                    world.publish();
                }
                None => break,
            },
            _ = tick.tick() => {
                world.advance();
                world.flush();
            }
            () = tokio::task::yield_now(), if world.clock.leaps() => world.leap(),
        }
    }
}
