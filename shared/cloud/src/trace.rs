//! W3C trace context: which request a piece of work follows from, through queues and schedules.
//!
//! `00-<trace id>-<span id>-<flags>` (<https://www.w3.org/TR/trace-context/>), the `traceparent` header of a call, the
//! attribute of a queue message, the column of a row. A receiver works [`within`] a new span of the trace; what it sends
//! has the [`current`] span. A spawned task has no trace unless it is spawned within one.

use std::fmt;
use std::future::Future;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The name of the header, of the attribute and of the JSON member.
pub const TRACEPARENT: &str = "traceparent";
/// Characters of version 00.
const CHARS: usize = 55;
/// The flags of a new trace: sampled.
const SAMPLED: u8 = 0b01;
/// The flags that are defined: sampled, and random trace id. Others are not passed on.
const KNOWN: u8 = 0b11;

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// A span of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a W3C traceparent")]
pub struct NotATraceparent;

impl TraceContext {
    /// A new trace.
    pub fn begin() -> Self {
        Self { trace_id: rand::random_range(1..=u128::MAX), span_id: new_span(), flags: SAMPLED }
    }

    /// A new span in the trace that was received, or a new trace when there is none that can be read.
    pub fn received(header: Option<&str>) -> Self {
        header.and_then(|header| header.parse::<Self>().ok()).map_or_else(Self::begin, Self::child)
    }

    /// Another span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: new_span(), ..self }
    }

    /// 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span_id)
    }
}

/// Zero is not a valid id.
fn new_span() -> u64 {
    rand::random_range(1..=u64::MAX)
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

impl From<TraceContext> for String {
    fn from(context: TraceContext) -> Self {
        context.to_string()
    }
}

impl TryFrom<String> for TraceContext {
    type Error = NotATraceparent;

    fn try_from(text: String) -> Result<Self, NotATraceparent> {
        text.parse()
    }
}

impl FromStr for TraceContext {
    type Err = NotATraceparent;

    /// A later version begins as 00 does, and may have more after another dash.
    fn from_str(text: &str) -> Result<Self, NotATraceparent> {
        let (known, rest) = text.split_at_checked(CHARS).ok_or(NotATraceparent)?;
        let parts: Vec<&str> = known.split('-').collect();
        let [version, trace_id, span_id, flags] = parts.as_slice() else { return Err(NotATraceparent) };
        let version = digits(version, 2)?;
        let is_newer = version > 0 && version < 0xff && rest.starts_with('-');
        if version == 0xff || !(rest.is_empty() || is_newer) {
            return Err(NotATraceparent);
        }
        let (trace_id, span_id) = (digits(trace_id, 32)?, narrow(digits(span_id, 16)?)?);
        let flags: u8 = narrow(digits(flags, 2)?)?;
        if trace_id == 0 || span_id == 0 {
            return Err(NotATraceparent);
        }
        Ok(Self { trace_id, span_id, flags: flags & KNOWN })
    }
}

/// `count` lower-case hexadecimal digits.
fn digits(text: &str, count: usize) -> Result<u128, NotATraceparent> {
    let are_digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != count || !are_digits {
        return Err(NotATraceparent);
    }
    u128::from_str_radix(text, 16).map_err(|_none| NotATraceparent)
}

fn narrow<T: TryFrom<u128>>(number: u128) -> Result<T, NotATraceparent> {
    T::try_from(number).map_err(|_too_large| NotATraceparent)
}

/// Runs a future in a span.
pub async fn within<F: Future>(context: TraceContext, future: F) -> F::Output {
    CURRENT.scope(context, future).await
}

/// The span that this runs in, if any.
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(|context| *context).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the span when it is polled, not when it is made.
    fn read() -> impl Future<Output = Option<TraceContext>> {
        std::future::poll_fn(|_| std::task::Poll::Ready(current()))
    }

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_read_is_written_again_except_for_undefined_flags() {
        let context: TraceContext = HEADER.parse().unwrap();
        assert_eq!(context.to_string(), HEADER);
        assert_eq!(context.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.span_id(), "b7ad6b7169203331");
        for (flags, written) in [("00", "00"), ("01", "01"), ("03", "03"), ("ff", "03"), ("08", "00")] {
            let with = |flags: &str| format!("{}{flags}", HEADER.strip_suffix("01").unwrap());
            assert_eq!(with(flags).parse::<TraceContext>().unwrap().to_string(), with(written));
        }
        let begun = TraceContext::begin();
        assert_eq!(begun.to_string().parse(), Ok(begun));
        assert_eq!(begun.to_string().len(), CHARS);
    }

    #[test]
    fn a_later_version_is_read_as_far_as_this_one_goes() {
        let later = HEADER.replacen("00", "01", 1);
        for text in
            [later.clone(), format!("{later}-"), format!("{later}-what-comes"), format!("{later}-\u{e9}")]
        {
            assert_eq!(text.parse::<TraceContext>().unwrap().to_string(), HEADER, "{text}");
        }
        assert_eq!(format!("{later}x").parse::<TraceContext>(), Err(NotATraceparent));
    }

    #[test]
    fn what_the_standard_forbids_begins_a_new_trace() {
        for text in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033310-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
            "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\u{e9}",
        ] {
            assert_eq!(text.parse::<TraceContext>(), Err(NotATraceparent), "{text}");
            assert_ne!(TraceContext::received(Some(text)).trace_id(), HEADER[3..35]);
        }
        assert_ne!(TraceContext::received(None), TraceContext::received(None));
    }

    #[test]
    fn a_receiver_has_a_new_span_in_the_trace() {
        let sent: TraceContext = HEADER.parse().unwrap();
        let received = TraceContext::received(Some(HEADER));
        assert_eq!(received.trace_id(), sent.trace_id());
        assert_ne!(received.span_id(), sent.span_id());
    }

    #[tokio::test]
    async fn a_span_is_the_current_one_within_its_future_and_nowhere_else() {
        let (outer, inner) = (TraceContext::begin(), TraceContext::begin());
        assert_eq!(current(), None);
        within(outer, async {
            tokio::task::yield_now().await;
            assert_eq!(current(), Some(outer));
            assert_eq!(within(inner, read()).await, Some(inner));
            assert_eq!(current(), Some(outer));
            assert_eq!(tokio::spawn(read()).await.unwrap(), None);
        })
        .await;
        assert_eq!(current(), None);
    }
}
