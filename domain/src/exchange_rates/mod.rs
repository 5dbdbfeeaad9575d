//! The seller's exchange rates: one stream per pair of currencies.

mod event;

pub use event::ExchangeRatesEvent;
