//! What AWS asks, and the rules by which it counts. Every price of the model stands here and nowhere else.
//!
//! us-east-1, Linux, arm64, list prices, US dollars before tax, collected 2026-11-23. No free tier is applied, to either
//! design. «List price, not looked up» marks what no public page at hand confirmed: check it against the bill.

use super::pico::Pico;

const fn dollars_a_million(cents: u128) -> Pico {
    Pico(cents * 10_000)
}

/// A request to an HTTP API: $1.00 a million, in units of 512 KB (AWS white paper «Best practices for API Gateway»).
pub const HTTP_API_REQUEST: Pico = dollars_a_million(100);
/// A request to a Lambda function URL: nothing beside the invocation.
pub const FUNCTION_URL_REQUEST: Pico = dollars_a_million(0);
/// An invocation: $0.20 a million (AWS Lambda pricing).
pub const LAMBDA_INVOCATION: Pico = dollars_a_million(20);
/// A second of a GB on arm64: $0.0000133334 (AWS Lambda pricing); x86 costs a quarter more.
pub const LAMBDA_GB_SECOND: Pico = Pico(13_333_400);
/// A request to SQS, of 64 KiB at most: $0.40 a million (AWS SQS pricing, standard queues).
pub const SQS_REQUEST: Pico = dollars_a_million(40);
/// An invocation by EventBridge Scheduler: $1.00 a million; making a schedule is free (EventBridge pricing).
pub const SCHEDULER_INVOCATION: Pico = dollars_a_million(100);
/// An event put on the bus: $1.00 a million (EventBridge pricing, custom events).
pub const EVENT: Pico = dollars_a_million(100);
/// A byte of logs taken in: $0.50 a GB (`CloudWatch` Logs pricing, standard class).
pub const LOG_BYTE: Pico = Pico(500);
/// A byte through a NAT gateway: $0.045 a GB (VPC pricing).
pub const NAT_BYTE: Pico = Pico(45);
/// A byte out to the internet: $0.09 a GB (EC2 pricing, first 10 TB).
pub const EGRESS_BYTE: Pico = Pico(90);

/// Bytes that SQS bills as one request.
pub const SQS_BILLED_BYTES: u64 = 65_536;
/// Messages in one call to SQS at most: a receive, a `SendMessageBatch`, a `DeleteMessageBatch`.
pub const SQS_BATCH_MAX: u64 = 10;

// Durations that are billed. A machine at hand is no Lambda, so these are stated, and generously: the counted run's own
// milliseconds are shown beside them. All of ours are billed with 512 MB, everything naive with 256 MB.

/// Memory of our functions, in MB.
pub const MEMORY_MB: u64 = 512;
/// Memory of the naive functions, in MB (performance.md, section 5).
pub const NAIVE_MEMORY_MB: u64 = 256;
/// One accepted request; in both designs.
pub const ACCEPT_MS: u64 = 15;
/// What a dispatch takes on AWS beyond what it took here: the way to Meta and back (100 ms, an assumption) and 10 round
/// trips to RDS of half a millisecond with commits of two.
pub const DISPATCH_EXTRA_MS: u64 = 150;
/// One transaction on RDS from a function: up to eight round trips of half a millisecond and a commit of two, rounded up.
pub const TRANSACTION_MS: u64 = 6;
/// What one event from a queue takes beside its transactions.
pub const EVENT_MS: u64 = 10;
/// One webhook: verify, parse, one call to SQS (performance.md, section 5).
pub const WEBHOOK_MS: u64 = 4;
/// Meta asked by one invocation for one message (performance.md, section 5).
pub const NAIVE_SEND_MS: u64 = 230;
/// One status or refund in an invocation of its own (performance.md, section 5).
pub const NAIVE_SMALL_MS: u64 = 15;

/// Log lines of one invocation, with platform reports off; in both designs.
pub const LOG_BYTES_AN_INVOCATION: u64 = 500;
/// How Meta answered one dispatch, in the embedded metric format; in both designs.
pub const LOG_BYTES_A_MEASUREMENT: u64 = 450;
/// The HTTP API's access log of one request; in both designs.
pub const LOG_BYTES_A_REQUEST: u64 = 400;
/// What TLS and TCP add to one exchange with Meta on a kept connection: four packets and two records, rounded up.
pub const WIRE_BYTES_AN_EXCHANGE: u64 = 400;
/// What opening a connection costs: Meta's certificates and the handshake.
pub const WIRE_BYTES_A_CONNECTION: u64 = 6_000;
/// One call to SQS or Scheduler from inside the VPC, both ways, through the NAT.
pub const WIRE_BYTES_AN_AWS_CALL: u64 = 3_000;

/// Something that is paid by the month, whatever is sent.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    /// What.
    pub what: &'static str,
    /// In the small shape.
    pub small: Pico,
    /// In the production shape.
    pub production: Pico,
    /// How it is reckoned.
    pub how: &'static str,
}

const fn cents(cents: u128) -> Pico {
    Pico(cents * 10_000_000_000)
}

/// The floor of a month of 730 hours, as the head of `template.yaml` reckons it. A custom domain, interface endpoints,
/// `CloudFront` and a firewall are not in it. Prices of databases, keys, alarms and addresses are list prices, not looked
/// up.
pub const FLOOR: [Fixed; 10] = [
    Fixed {
        what: "Postgres",
        small: cents(1_168),
        production: cents(24_528),
        how: "db.t4g.micro at $0.016/h in one zone; db.m7g.large at $0.168/h in two",
    },
    Fixed {
        what: "its storage, gp3",
        small: cents(230),
        production: cents(2_300),
        how: "20 GB at $0.115; 100 GB at $0.23 for both zones",
    },
    Fixed { what: "RDS Proxy", small: cents(0), production: cents(2_190), how: "two vCPU at $0.015/h" },
    Fixed {
        what: "NAT gateway",
        small: cents(0),
        production: cents(7_300),
        how: "two zones at $0.045/h, and $0.005/h for their addresses; small goes out by IPv6",
    },
    Fixed {
        what: "secrets",
        small: cents(200),
        production: cents(200),
        how: "five at $0.40: Meta, JWT, data keys, SMTP, database",
    },
    Fixed {
        what: "KMS key",
        small: cents(100),
        production: cents(100),
        how: "one at $1.00, without requests",
    },
    Fixed {
        what: "idle queue pollers",
        small: cents(104),
        production: cents(104),
        how: "four queues, five long polls of 20 s each: 2.6 M calls",
    },
    Fixed {
        what: "alarms",
        small: cents(530),
        production: cents(640),
        how: "53 and 64 beyond ten, at $0.10",
    },
    Fixed { what: "metrics of our own", small: cents(240), production: cents(240), how: "eight at $0.30" },
    Fixed {
        what: "sweeper",
        small: cents(5),
        production: cents(5),
        how: "43,800 schedules and invocations of 20 ms with 256 MB",
    },
];
