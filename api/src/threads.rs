//! The threads the product runs on.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::runtime::{Builder, Runtime};
use tracing::warn;

use crate::config::ConfigError;

/// A runtime with as many workers as this process has cores. With `pinned` each worker stays on one of them: Linux wakes
/// a thread next to the one that wakes it when it does not take another core for idle, as it does not in a virtual
/// machine, and then two workers share a core beside one that has nothing to do.
///
/// # Errors
/// When the system lets us have no threads.
pub fn runtime(pinned: Option<Cores>) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all();
    if let Some(cores) = pinned {
        builder.worker_threads(cores.each.len()).on_thread_start(move || cores.place());
    }
    builder.build()
}

/// The cores this process may use, handed out to its threads.
#[derive(Debug)]
pub struct Cores {
    each: Vec<usize>,
    all: CpuSet,
    started: AtomicUsize,
}

impl Cores {
    /// # Errors
    /// [`ConfigError::Invalid`] of `pin_threads` where there is not a core for each worker.
    pub fn of_process() -> Result<Self, ConfigError> {
        let invalid = |error| ConfigError::Invalid { name: "pin_threads", why: format!("no core is told: {error}") };
        let all = sched_getaffinity(None).map_err(invalid)?;
        let granted = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::of(all, granted)
    }

    /// `granted`: how many cores' time the process may use of all of them together.
    fn of(all: CpuSet, granted: usize) -> Result<Self, ConfigError> {
        let each: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).collect();
        if granted != each.len() {
            // Its share of the time is best spent wherever there is time.
            let why =
                format!("this process is granted the time of {granted} cores out of {}, none of its own", each.len());
            return Err(ConfigError::Invalid { name: "pin_threads", why });
        }
        Ok(Self { each, all, started: AtomicUsize::new(0) })
    }

    /// Called by every thread as it begins. The runtime starts its workers before anything can ask it for threads that
    /// block; those come later, from a worker that is pinned, and may run anywhere.
    fn place(&self) {
        let nth = self.started.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.pin(nth) {
            warn!(%error, "a thread stays where the system puts it");
        }
    }

    fn pin(&self, nth: usize) -> io::Result<()> {
        let Some(core) = self.each.get(nth) else { return Ok(sched_setaffinity(None, &self.all)?) };
        let mut only = CpuSet::new();
        only.set(*core);
        Ok(sched_setaffinity(None, &only)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashSet;
    use std::thread::ThreadId;

    use super::*;

    fn mine() -> (ThreadId, CpuSet) {
        (std::thread::current().id(), sched_getaffinity(None).unwrap())
    }

    #[test]
    fn a_share_of_many_cores_is_no_core_of_its_own() {
        let mut all = CpuSet::new();
        (0..8).for_each(|core| all.set(core));
        let refused = Cores::of(all, 2).unwrap_err().to_string();
        assert!(refused.contains("pin_threads") && refused.contains("2 cores out of 8"), "{refused}");
        assert_eq!(Cores::of(all, 8).unwrap().each, (0..8).collect::<Vec<_>>());
    }

    #[test]
    fn workers_stay_on_a_core_each_and_threads_that_block_go_anywhere() {
        let all = sched_getaffinity(None).unwrap();
        let runtime = runtime(Some(Cores::of_process().unwrap())).unwrap();
        let handle = runtime.handle().clone();
        let (workers, blocking) = runtime.block_on(async move {
            // Each holds its worker until all have come, so that no worker takes two.
            let together = std::sync::Arc::new(std::sync::Barrier::new(all.count() as usize));
            let at_work = (0..all.count()).map(|_| {
                let together = together.clone();
                handle.spawn(async move {
                    together.wait();
                    mine()
                })
            });
            let workers = futures::future::join_all(at_work).await;
            let blocking = handle.spawn(async { tokio::task::spawn_blocking(mine).await.unwrap() }).await.unwrap();
            (workers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), blocking)
        });
        let threads: HashSet<_> = workers.iter().map(|(thread, _)| *thread).collect();
        let places: HashSet<usize> = workers
            .iter()
            .map(|(_, cores)| {
                assert_eq!(cores.count(), 1);
                (0..CpuSet::MAX_CPU).find(|core| cores.is_set(*core)).unwrap()
            })
            .collect();
        assert_eq!((threads.len(), places.len()), (workers.len(), workers.len()));
        assert_eq!(blocking.1, all);
    }
}
