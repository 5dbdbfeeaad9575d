//! The calendar of every seller entity, kept up to the business clock.

mod catch_up;
mod end_day;

pub use catch_up::end_days;
pub use end_day::EndDay;
