//! Magic recipients: the test cards of the sandbox.
//!
//! A number decides what becomes of a message sent to it; every other number behaves like `+15550000001`.
//! Statuses follow each other by the delay of `POST /sandbox/auto` (50 ms unless told otherwise).

use serde::{Deserialize, Serialize};

/// One magic recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MagicRecipient {
    /// The number in E.164.
    pub number: &'static str,
    /// What happens to a message sent to it.
    pub behaviour: &'static str,
}

/// The whole table, in the order of the numbers.
pub const MAGIC_RECIPIENTS: [MagicRecipient; 18] = [
    MagicRecipient { number: "+15550000001", behaviour: "accepted, then sent, delivered, read" },
    MagicRecipient { number: "+15550000002", behaviour: "accepted, then sent, failed with 131026" },
    MagicRecipient { number: "+15550000003", behaviour: "accepted, then silence" },
    MagicRecipient {
        number: "+15550000004",
        behaviour: "accepted, but the connection is reset instead of an answer; then sent, delivered, read",
    },
    MagicRecipient {
        number: "+15550000005",
        behaviour: "of one sender, two calls are refused with 130429 and the third is accepted, in turn; then as 01",
    },
    MagicRecipient { number: "+15550000006", behaviour: "refused with 131030" },
    MagicRecipient {
        number: "+15550000007",
        behaviour: "accepted, then read, sent, delivered, read, delivered, sent: out of order and doubled",
    },
    MagicRecipient {
        number: "+15550000008",
        behaviour: "the webhook with sent is delivered before the answer is written; then delivered, read",
    },
    MagicRecipient { number: "+15550000009", behaviour: "accepted, then delivered, failed with 131000" },
    MagicRecipient { number: "+15550000010", behaviour: "accepted, then failed with 131026, delivered" },
    MagicRecipient {
        number: "+15550000011",
        behaviour: "as 01, but a second message of the same sender within 6 seconds is refused with 131056",
    },
    MagicRecipient {
        number: "+15550000012",
        behaviour: "marketing templates are refused with 131050; else as 01",
    },
    MagicRecipient {
        number: "+15550000013",
        behaviour: "its 24-hour window is shut: all but templates is refused with 131047; else as 01",
    },
    MagicRecipient { number: "+15550000014", behaviour: "accepted, then failed with 131049" },
    MagicRecipient {
        number: "+15550000015",
        behaviour: "templates are answered with held_for_quality_assessment; then as 01",
    },
    MagicRecipient {
        number: "+15550000016",
        behaviour: "templates are answered with held_for_quality_assessment; then failed with 132015",
    },
    MagicRecipient { number: "+15550000017", behaviour: "accepted, then failed with 130472" },
    MagicRecipient { number: "+15550000018", behaviour: "accepted, then sent, delivered, and never read" },
];

/// The word of a status webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusWord {
    Sent,
    Delivered,
    Read,
    Played,
    Failed,
}

impl StatusWord {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
        }
    }
}

/// What a number does, decided once per request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Reads,
    Fails,
    Silent,
    LosesTheAnswer,
    Throttles,
    NotAllowed,
    Jumbles,
    Overtakes,
    FailsAfterDelivery,
    DeliversAfterFailure,
    KeepsItsPace,
    StoppedMarketing,
    HasNoWindow,
    Capped,
    Held,
    HeldAndDropped,
    InExperiment,
    DoesNotRead,
}

impl Behaviour {
    /// Whether a number is in the table.
    pub(crate) fn is_magic(number: &str) -> bool {
        MAGIC_RECIPIENTS.iter().any(|one| one.number == number)
    }

    /// The behaviour of a number in E.164; anything else than the table reads its messages.
    pub(crate) fn of(number: &str) -> Self {
        match number {
            "+15550000002" => Self::Fails,
            "+15550000003" => Self::Silent,
            "+15550000004" => Self::LosesTheAnswer,
            "+15550000005" => Self::Throttles,
            "+15550000006" => Self::NotAllowed,
            "+15550000007" => Self::Jumbles,
            "+15550000008" => Self::Overtakes,
            "+15550000009" => Self::FailsAfterDelivery,
            "+15550000010" => Self::DeliversAfterFailure,
            "+15550000011" => Self::KeepsItsPace,
            "+15550000012" => Self::StoppedMarketing,
            "+15550000013" => Self::HasNoWindow,
            "+15550000014" => Self::Capped,
            "+15550000015" => Self::Held,
            "+15550000016" => Self::HeldAndDropped,
            "+15550000017" => Self::InExperiment,
            "+15550000018" => Self::DoesNotRead,
            _ => Self::Reads,
        }
    }

    /// `message_status` of an accepted template.
    pub(crate) const fn message_status(self) -> &'static str {
        match self {
            Self::Held | Self::HeldAndDropped => "held_for_quality_assessment",
            Self::Reads
            | Self::Fails
            | Self::Silent
            | Self::LosesTheAnswer
            | Self::Throttles
            | Self::NotAllowed
            | Self::Jumbles
            | Self::Overtakes
            | Self::FailsAfterDelivery
            | Self::DeliversAfterFailure
            | Self::KeepsItsPace
            | Self::StoppedMarketing
            | Self::HasNoWindow
            | Self::Capped
            | Self::InExperiment
            | Self::DoesNotRead => "accepted",
        }
    }

    /// The statuses that follow an acceptance, in the order in which they are sent.
    pub(crate) fn statuses(self) -> Vec<Planned> {
        const SENT: Planned = Planned { word: StatusWord::Sent, rank: 0, error_code: None };
        const DELIVERED: Planned = Planned { word: StatusWord::Delivered, rank: 1, error_code: None };
        const READ: Planned = Planned { word: StatusWord::Read, rank: 2, error_code: None };
        const FAILED: Planned = Planned { word: StatusWord::Failed, rank: 1, error_code: Some(131_026) };
        match self {
            Self::Reads
            | Self::LosesTheAnswer
            | Self::Throttles
            | Self::Overtakes
            | Self::KeepsItsPace
            | Self::StoppedMarketing
            | Self::HasNoWindow
            | Self::Held => vec![SENT, DELIVERED, READ],
            Self::DoesNotRead => vec![SENT, DELIVERED],
            Self::Capped => vec![Planned::failure(131_049)],
            Self::HeldAndDropped => vec![Planned::failure(132_015)],
            Self::InExperiment => vec![Planned::failure(130_472)],
            Self::Fails => vec![SENT, FAILED],
            // Nothing follows a refusal either; the arm is reached when a fault accepts the message all the same.
            Self::Silent | Self::NotAllowed => Vec::new(),
            Self::Jumbles => vec![READ, SENT, DELIVERED, READ, DELIVERED, SENT],
            Self::FailsAfterDelivery => {
                vec![DELIVERED, Planned { word: StatusWord::Failed, rank: 2, error_code: Some(131_000) }]
            }
            Self::DeliversAfterFailure => vec![FAILED, Planned { rank: 2, ..DELIVERED }],
        }
    }
}

/// One status to come: `rank` says when it happened, its place in the list when it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) word: StatusWord,
    pub(crate) rank: u64,
    pub(crate) error_code: Option<i64>,
}

impl Planned {
    /// A failure without anything before it.
    pub(crate) const fn failure(error_code: i64) -> Self {
        Self { word: StatusWord::Failed, rank: 0, error_code: Some(error_code) }
    }
}
