//! Magic recipients: phone numbers that make the sandbox behave in a fixed way, like test credit cards.
//!
//! Statuses follow each other at the delay of `POST /sandbox/auto`, 50 ms by default.

use crate::status::DeliveryStatus;

/// One magic recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MagicRecipient {
    /// In E.164.
    pub number: &'static str,
    /// What happens to a message to this number.
    pub behaviour: &'static str,
}

/// In the order of the numbers. The README shows the same table.
pub const MAGIC_RECIPIENTS: [MagicRecipient; 18] = [
    row("+15550000001", "accepted · sent · delivered · read"),
    row("+15550000002", "accepted · sent · failed 131026"),
    row("+15550000003", "accepted, no statuses"),
    row("+15550000004", "accepted, connection reset instead of an answer · sent · delivered · read"),
    row("+15550000005", "per sender, two calls are refused with 130429 and the third is accepted"),
    row("+15550000006", "refused with 131030"),
    row("+15550000007", "accepted · read · sent · delivered · read · delivered · sent"),
    row("+15550000008", "the webhook with `sent` is delivered before the answer · delivered · read"),
    row("+15550000009", "accepted · delivered · failed 131000"),
    row("+15550000010", "accepted · failed 131026 · delivered"),
    row("+15550000011", "a second message of the same sender within 6 seconds is refused with 131056"),
    row("+15550000012", "marketing templates are refused with 131050"),
    row("+15550000013", "free-form messages are refused with 131047 until it writes"),
    row("+15550000014", "accepted · failed 131049"),
    row("+15550000015", "templates are held for quality assessment · sent · delivered · read"),
    row("+15550000016", "templates are held for quality assessment · failed 132015"),
    row("+15550000017", "accepted · failed 130472"),
    row("+15550000018", "accepted · sent · delivered, never read"),
];

const fn row(number: &'static str, behaviour: &'static str) -> MagicRecipient {
    MagicRecipient { number, behaviour }
}

/// What happens to a message because of its recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Reads,
    Fails,
    Silent,
    ResetsConnection,
    Throttles,
    NotAllowed,
    OutOfOrder,
    StatusBeforeAnswer,
    FailsAfterDelivery,
    DeliversAfterFailure,
    StrictPairLimit,
    StoppedMarketing,
    NoWindow,
    MarketingCapped,
    Held,
    HeldAndDropped,
    InExperiment,
    NeverReads,
}

impl Behaviour {
    pub(crate) fn is_magic(number: &str) -> bool {
        MAGIC_RECIPIENTS.iter().any(|recipient| recipient.number == number)
    }

    /// Every number that is not magic behaves like `+15550000001`.
    pub(crate) fn of(number: &str) -> Self {
        match number {
            "+15550000002" => Self::Fails,
            "+15550000003" => Self::Silent,
            "+15550000004" => Self::ResetsConnection,
            "+15550000005" => Self::Throttles,
            "+15550000006" => Self::NotAllowed,
            "+15550000007" => Self::OutOfOrder,
            "+15550000008" => Self::StatusBeforeAnswer,
            "+15550000009" => Self::FailsAfterDelivery,
            "+15550000010" => Self::DeliversAfterFailure,
            "+15550000011" => Self::StrictPairLimit,
            "+15550000012" => Self::StoppedMarketing,
            "+15550000013" => Self::NoWindow,
            "+15550000014" => Self::MarketingCapped,
            "+15550000015" => Self::Held,
            "+15550000016" => Self::HeldAndDropped,
            "+15550000017" => Self::InExperiment,
            "+15550000018" => Self::NeverReads,
            _ => Self::Reads,
        }
    }

    /// `message_status` in the answer to an accepted template.
    pub(crate) const fn message_status(self) -> &'static str {
        match self {
            Self::Held | Self::HeldAndDropped => "held_for_quality_assessment",
            Self::Reads
            | Self::Fails
            | Self::Silent
            | Self::ResetsConnection
            | Self::Throttles
            | Self::NotAllowed
            | Self::OutOfOrder
            | Self::StatusBeforeAnswer
            | Self::FailsAfterDelivery
            | Self::DeliversAfterFailure
            | Self::StrictPairLimit
            | Self::StoppedMarketing
            | Self::NoWindow
            | Self::MarketingCapped
            | Self::InExperiment
            | Self::NeverReads => "accepted",
        }
    }

    /// The statuses of an accepted message in the order in which they are sent.
    pub(crate) fn statuses(self) -> Vec<PlannedStatus> {
        const SENT: PlannedStatus = PlannedStatus { status: DeliveryStatus::Sent, rank: 0, error_code: None };
        const DELIVERED: PlannedStatus =
            PlannedStatus { status: DeliveryStatus::Delivered, rank: 1, error_code: None };
        const READ: PlannedStatus = PlannedStatus { status: DeliveryStatus::Read, rank: 2, error_code: None };
        const FAILED: PlannedStatus = PlannedStatus { rank: 1, ..PlannedStatus::failure(131_026) };
        match self {
            Self::Reads
            | Self::ResetsConnection
            | Self::Throttles
            | Self::StatusBeforeAnswer
            | Self::StrictPairLimit
            | Self::StoppedMarketing
            | Self::NoWindow
            | Self::Held => vec![SENT, DELIVERED, READ],
            Self::NeverReads => vec![SENT, DELIVERED],
            Self::MarketingCapped => vec![PlannedStatus::failure(131_049)],
            Self::HeldAndDropped => vec![PlannedStatus::failure(132_015)],
            Self::InExperiment => vec![PlannedStatus::failure(130_472)],
            Self::Fails => vec![SENT, FAILED],
            // A refused message has no statuses either; a fault that accepts it anyway leads here.
            Self::Silent | Self::NotAllowed => Vec::new(),
            Self::OutOfOrder => vec![READ, SENT, DELIVERED, READ, DELIVERED, SENT],
            Self::FailsAfterDelivery => {
                vec![DELIVERED, PlannedStatus { rank: 2, ..PlannedStatus::failure(131_000) }]
            }
            Self::DeliversAfterFailure => vec![FAILED, PlannedStatus { rank: 2, ..DELIVERED }],
        }
    }
}

/// A status to come. `rank` orders the times at which the statuses happened; the list orders those at which they are
/// sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlannedStatus {
    pub(crate) status: DeliveryStatus,
    pub(crate) rank: u64,
    pub(crate) error_code: Option<i64>,
}

impl PlannedStatus {
    /// A failure as the only status.
    pub(crate) const fn failure(error_code: i64) -> Self {
        Self { status: DeliveryStatus::Failed, rank: 0, error_code: Some(error_code) }
    }
}
