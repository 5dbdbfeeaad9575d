//! The readers of the log by their names.

use std::sync::Arc;

use commands::effects::Wake;
use commands::index::Indexes;
use commands::reactor::Reactor;
use event_log::Reader;

/// The reader of that name; `effects` is woken when it wants something done.
pub fn named(name: &str, effects: &Wake) -> Option<Arc<dyn Reader>> {
    let others: [Arc<dyn Reader>; 2] = [Arc::new(Reactor { wake: effects.clone() }), Arc::new(Indexes)];
    let models = projections::all().into_iter().map(|model| Arc::new(model) as Arc<dyn Reader>);
    others.into_iter().chain(models).find(|reader| reader.name() == name)
}

/// Keeps rows that are the fold of the log.
pub fn is_read_model(name: &str) -> bool {
    projections::all().iter().any(|model| model.name() == name)
}
