//! Receives events from Lambda, with their deadlines, and measures what becomes of them.

use std::future::Future;
use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use axum::Router;
use domain::{Clock, with_causes};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_kit::{Scheme, TimeLeft};
use jiff::{SignedDuration, Timestamp};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::request::LambdaRequest;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::answer::answer;
use super::front::Front;
use super::reloads::Reloads;
use super::{Boot, BootError};
use crate::records::Batch;
use crate::tally::Tally;

/// How long before its deadline a request is given up, so that its answer still arrives.
const ANSWER_MARGIN: Duration = Duration::from_secs(1);
/// How long before its deadline work is counted as failed: Lambda ends the process at the deadline, which then counts nothing.
const LATE_MARGIN: Duration = Duration::from_millis(500);
/// The deadline in place of one that passed before its event came: some emulators send one of 1970.
const SHIFT: SignedDuration = SignedDuration::from_mins(1);
/// Answers from here on are the function's failure, not the caller's (RFC 9110, 15.6).
const SERVER_ERROR: i64 = 500;

impl Boot {
    /// Answers HTTP requests.
    pub async fn http(self, router: Router) -> Result<(), BootError> {
        let (entry, front) = (Entry::of(&self), Front::from_environment()?);
        let router = http_kit::with_layers(router, Scheme::Https);
        let handler = move |event: LambdaEvent<LambdaRequest>| {
            let (entry, front, router) = (entry.clone(), front.clone(), router.clone());
            async move { entry.request(router, &front, event).await }.boxed()
        };
        Ok(lambda_runtime::run_concurrent(service_fn(handler)).await?)
    }

    /// Hands events to `work`, with the time at which it has to end: `margin` before Lambda ends it. An error fails the
    /// invocation, and Lambda logs its text.
    pub async fn events<T, R, E, F, W>(self, margin: Duration, work: W) -> Result<(), BootError>
    where
        T: DeserializeOwned + Send + 'static,
        R: Serialize + Send + Sync + 'static,
        E: std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<R, E>> + Send + 'static,
        W: Fn(T, Timestamp) -> F + Clone + Send + Sync + 'static,
    {
        let entry = Entry::of(&self);
        let handler = move |event: LambdaEvent<T>| {
            let (entry, work) = (entry.clone(), work.clone());
            // Boxed, because the runtime wraps it in many layers, and a type that deep takes the compiler too far.
            async move { entry.event(event, margin, work).await }.boxed()
        };
        Ok(lambda_runtime::run_concurrent(service_fn(handler)).await?)
    }

    /// As [`Boot::events`], for events that may be batches of records. A batch of which every record failed fails the
    /// invocation, so that Lambda counts an error. For the queue it is the same: all of them come again after their visibility
    /// time-out, and with `ReportBatchItemFailures` Lambda does not read more slowly after a failure
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
    pub async fn records<T, E, F, W>(self, margin: Duration, work: W) -> Result<(), BootError>
    where
        T: Batch + DeserializeOwned + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<SqsBatchResponse, E>> + Send + 'static,
        W: Fn(T, Timestamp) -> F + Clone + Send + Sync + 'static,
    {
        let entry = Entry::of(&self);
        let handler = move |event: LambdaEvent<T>| {
            let (entry, work) = (entry.clone(), work.clone());
            async move { entry.batch(event, margin, work).await }.boxed()
        };
        Ok(lambda_runtime::run_concurrent(service_fn(handler)).await?)
    }
}

/// No record succeeded.
#[derive(Debug, Error)]
#[error("every one of {0} records failed; the log has the reason of each")]
struct AllFailed(usize);

/// Where every event comes in.
#[derive(Clone)]
struct Entry {
    reloads: Reloads,
    clock: Clock,
    tally: Tally,
}

impl Entry {
    fn of(boot: &Boot) -> Self {
        let clock = boot.clock().clone();
        Self { reloads: boot.reloads.clone(), tally: Tally::from_environment(clock.clone()), clock }
    }

    async fn request(
        &self,
        router: Router,
        front: &Front,
        event: LambdaEvent<LambdaRequest>,
    ) -> Result<ApiGatewayV2httpResponse, Diagnostic> {
        let LambdaEvent { payload, context } = event;
        let respond = async {
            self.reloads.reload_old().await;
            let now = self.clock.now();
            let left = until(context.deadline, now, ANSWER_MARGIN).duration_since(now);
            answer(router, front, payload, TimeLeft(left.try_into().unwrap_or_default())).await
        };
        let is_fine = |answer: &ApiGatewayV2httpResponse| answer.status_code < SERVER_ERROR;
        let failed = |answer: &Result<_, _>| usize::from(!answer.as_ref().is_ok_and(is_fine));
        let answer = self.measured((1, context.deadline), respond.boxed(), failed).await;
        answer.map_err(|error| diagnostic(&error))
    }

    async fn event<T, R, E, F, W>(
        &self,
        event: LambdaEvent<T>,
        margin: Duration,
        work: W,
    ) -> Result<R, Diagnostic>
    where
        E: std::error::Error,
        F: Future<Output = Result<R, E>> + Send,
        W: FnOnce(T, Timestamp) -> F,
    {
        let LambdaEvent { payload, context } = event;
        let work = self.work(payload, (context.deadline, margin), work);
        let failed = |outcome: &Result<R, E>| usize::from(outcome.is_err());
        let outcome = self.measured((1, context.deadline), work, failed).await;
        outcome.map_err(|error| diagnostic(&error))
    }

    async fn batch<T, E, F, W>(
        &self,
        event: LambdaEvent<T>,
        margin: Duration,
        work: W,
    ) -> Result<SqsBatchResponse, Diagnostic>
    where
        T: Batch,
        E: std::error::Error,
        F: Future<Output = Result<SqsBatchResponse, E>> + Send,
        W: FnOnce(T, Timestamp) -> F,
    {
        let LambdaEvent { payload, context } = event;
        let given = payload.records().unwrap_or(1);
        let work = self.work(payload, (context.deadline, margin), work);
        let count = |outcome: &Result<SqsBatchResponse, E>| {
            outcome.as_ref().map_or(given, |answer| answer.batch_item_failures.len())
        };
        let outcome = self.measured((given, context.deadline), work, count).await;
        let failed = count(&outcome);
        match outcome {
            Ok(_none_succeeded) if failed > 0 && failed >= given => Err(diagnostic(&AllFailed(failed))),
            Ok(answer) => Ok(answer),
            Err(error) => Err(diagnostic(&error)),
        }
    }

    /// The work on an event, which begins with its deadline known.
    fn work<'a, T, F, W>(
        &'a self,
        payload: T,
        (deadline, margin): (u64, Duration),
        work: W,
    ) -> BoxFuture<'a, F::Output>
    where
        F: Future + Send + 'a,
        W: FnOnce(T, Timestamp) -> F,
    {
        let work = work(payload, until(deadline, self.clock.now(), margin));
        async move {
            self.reloads.reload_old().await;
            work.await
        }
        .boxed()
    }

    /// Counts what was given and what failed of it: all when the work panics or is about to be ended by Lambda.
    async fn measured<O>(
        &self,
        (given, deadline): (usize, u64),
        mut work: BoxFuture<'_, O>,
        failed: impl FnOnce(&O) -> usize,
    ) -> O {
        let mut begun = self.tally.begin(given);
        let now = self.clock.now();
        let left = until(deadline, now, LATE_MARGIN).duration_since(now);
        let in_time = tokio::time::timeout(left.try_into().unwrap_or_default(), &mut work).await;
        let outcome = match in_time {
            Ok(outcome) => outcome,
            Err(_elapsed) => {
                begun.fail();
                work.await
            }
        };
        begun.end(failed(&outcome));
        outcome
    }
}

/// A deadline is in milliseconds since the epoch.
fn until(deadline: u64, now: Timestamp, margin: Duration) -> Timestamp {
    let deadline = i64::try_from(deadline).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    deadline.filter(|deadline| *deadline > now).map_or(now + SHIFT, |deadline| deadline - margin)
}

/// The type is the name of the error, so that alarms can group by it.
fn diagnostic<E: std::error::Error>(error: &E) -> Diagnostic {
    let name = std::any::type_name::<E>();
    Diagnostic {
        error_type: name.rsplit("::").next().unwrap_or(name).to_owned(),
        error_message: with_causes(error),
    }
}

#[cfg(test)]
mod tests;
