//! Surfaces of earlier systems, for clients that were written against them: thin routes over the same commands and
//! queries. Switched on by configuration.

pub mod licensing;
