//! The gateway of a world in which none is configured: it cannot be reached, so nothing is ever charged.

use commands::payment::gateway::{
    Charge, Charged, Found, Hint, PaymentGateway, Refund, RefundFound, Refunding, RequestId,
};
use domain::payment::PaymentOutcome;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};

#[derive(Debug, Clone, Copy, Default)]
pub struct Absent;

impl PaymentGateway for Absent {
    fn charge<'a>(&'a self, _: &'a Charge) -> BoxFuture<'a, Charged> {
        ready(Charged::Ended(PaymentOutcome::Unreachable)).boxed()
    }

    /// It may have been configured when the charge was sent.
    fn ask<'a>(&'a self, _: &'a Charge, _: Option<&'a RequestId>) -> BoxFuture<'a, Found> {
        ready(Found::Unanswered).boxed()
    }

    fn refund<'a>(&'a self, _: &'a Refund) -> BoxFuture<'a, Refunding> {
        ready(Refunding::NotReached { retry_after: None }).boxed()
    }

    fn ask_refund<'a>(&'a self, _: &'a Refund) -> BoxFuture<'a, RefundFound> {
        ready(RefundFound::Unanswered).boxed()
    }

    fn hint(&self, _: &str, _: &[u8]) -> Option<Hint> {
        None
    }
}
