//! What AWS charges, and the assumptions where this machine cannot measure.
//!
//! us-east-1, Linux, arm64, list prices, US dollars before tax, collected 2026-11-23, no free tier. In millionths of a
//! millionth of a dollar, so that even a byte of logs costs a whole number.

/// An amount in millionths of a millionth of a dollar.
pub(super) type Pico = u128;

const CENT_A_MILLION: Pico = 10_000;
pub(super) const CENT: Pico = 10_000_000_000;
/// A thousandth of a dollar.
const MILL: Pico = 1_000_000_000;

/// $1.00 a million, in units of 512 KB (AWS white paper «Best practices for API Gateway»).
pub(super) const HTTP_API_REQUEST: Pico = 100 * CENT_A_MILLION;
/// Nothing beside the invocation.
pub(super) const FUNCTION_URL_REQUEST: Pico = 0;
/// $0.20 a million (AWS Lambda pricing).
pub(super) const LAMBDA_INVOCATION: Pico = 20 * CENT_A_MILLION;
/// $0.0000133334 on arm64 (AWS Lambda pricing); x86 costs a quarter more.
pub(super) const LAMBDA_GB_SECOND: Pico = 13_333_400;
/// $0.40 a million, of 64 KiB at most (AWS SQS pricing, standard queues).
pub(super) const SQS_REQUEST: Pico = 40 * CENT_A_MILLION;
/// $1.00 a million; making a schedule is free (EventBridge pricing).
pub(super) const SCHEDULER_INVOCATION: Pico = 100 * CENT_A_MILLION;
/// $1.00 a million (EventBridge pricing, custom events).
pub(super) const EVENT: Pico = 100 * CENT_A_MILLION;
/// $0.50 a GB taken in (`CloudWatch` Logs pricing, standard class).
pub(super) const LOG_BYTE: Pico = 500;
/// $0.09 a GB out to the internet (EC2 pricing, first 10 TB).
pub(super) const EGRESS_BYTE: Pico = 90;
/// Bytes that SQS bills as one request.
pub(super) const SQS_BILLED_BYTES: u64 = 65_536;
/// Messages in one receive, `SendMessageBatch` or `DeleteMessageBatch` at most.
pub(super) const SQS_BATCH_MAX: u64 = 10;

/// Of our functions behind the API.
pub(super) const MEMORY_MB: u64 = 512;
/// Of dispatch, updates and refunds in the small shape.
pub(super) const WORKER_MEMORY_MB: u64 = 256;
/// Of the naive functions (an assumption).
pub(super) const NAIVE_MEMORY_MB: u64 = 256;
/// One accepted request, in both designs.
pub(super) const ACCEPT_MS: u64 = 15;
/// A dispatch beyond what it took here: the way to Meta and back (100 ms, an assumption) and 10 round trips to RDS of half a
/// millisecond with commits of two.
pub(super) const DISPATCH_EXTRA_MS: u64 = 150;
/// One transaction on RDS: up to eight round trips of half a millisecond and a commit of two, rounded up.
pub(super) const TRANSACTION_MS: u64 = 6;
/// One event from a queue beside its transactions.
pub(super) const EVENT_MS: u64 = 10;
/// One webhook: verify, parse, one call to SQS (an assumption).
pub(super) const WEBHOOK_MS: u64 = 4;
/// One invocation that sends one message (an assumption).
pub(super) const NAIVE_SEND_MS: u64 = 230;
/// One status or refund in an invocation (an assumption).
pub(super) const NAIVE_SMALL_MS: u64 = 15;
/// Log lines of one invocation, with platform reports off; in both designs.
pub(super) const LOG_BYTES_AN_INVOCATION: u64 = 500;
/// The metrics of one dispatch; in both designs.
pub(super) const LOG_BYTES_A_DISPATCH: u64 = 450;
/// The HTTP API's access log of one request; in both designs.
pub(super) const LOG_BYTES_A_REQUEST: u64 = 400;
/// What TLS and TCP add to one exchange with Meta on an open connection: four packets and two records, rounded up.
pub(super) const WIRE_BYTES_AN_EXCHANGE: u64 = 400;
/// Meta's certificates and the handshake.
pub(super) const WIRE_BYTES_A_CONNECTION: u64 = 6_000;

/// Of a month.
pub(super) const HOURS: Pico = 730;
pub(super) const MINUTES: u64 = 43_800;
/// Long polls of 20 seconds in a month.
pub(super) const LOOKS_A_POLLER: Pico = HOURS * 180;
/// $0.032 an hour, and $0.168 in each zone (RDS pricing, PostgreSQL).
pub(super) const T4G_SMALL: Pico = 32 * MILL;
pub(super) const M7G_LARGE: Pico = 168 * MILL;
/// $0.115 a GB and month in one zone, $0.23 in two (RDS pricing).
pub(super) const GP3_GB: Pico = 115 * MILL;
pub(super) const GP3_GB_TWO_ZONES: Pico = 230 * MILL;
/// $0.015 an hour for each vCPU of the database (RDS Proxy pricing).
pub(super) const PROXY_VCPU: Pico = 15 * MILL;
/// $0.40 a month (Secrets Manager pricing).
pub(super) const SECRET: Pico = 40 * CENT;
/// $1.00 a month (KMS pricing).
pub(super) const KMS_KEY: Pico = 100 * CENT;
/// $0.10 a month for each metric that an alarm watches, and ten of an account are free (`CloudWatch` pricing).
pub(super) const ALARM: Pico = 10 * CENT;
pub(super) const ALARMS_FREE: Pico = 10;
/// $0.30 a month (`CloudWatch` pricing, custom metrics).
pub(super) const METRIC: Pico = 30 * CENT;
