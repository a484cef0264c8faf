//! The e-mails to people who log in, the links in them, and whether an owner has to prove an address.

use crate::kernel::words::words;

/// What an e-mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmailKind {
    /// To the owner of a tenant that the platform's owner created: a link to choose a password.
    Welcome,
    /// To a user without a password: a link to choose one.
    Invitation,
    /// A link that proves the address.
    Proof,
    /// A link to choose another password.
    PasswordReset,
    PasswordChanged,
    /// To the address that a user wants to have: a link to confirm the change.
    ChangeToNew,
    /// To the address that the user has: a link to confirm the change or to stop it.
    ChangeFromOld,
}

words! { EmailKind, UnknownEmailKind, "is not a kind of e-mail":
    Welcome = "WELCOME",
    Invitation = "INVITATION",
    Proof = "PROOF",
    PasswordReset = "PASSWORD_RESET",
    PasswordChanged = "PASSWORD_CHANGED",
    ChangeToNew = "CHANGE_TO_NEW",
    ChangeFromOld = "CHANGE_FROM_OLD",
}

/// How far an e-mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmailState {
    /// Not tried yet.
    Queued,
    /// The mail server took it.
    Sent,
    /// A try failed; there will be another.
    Retrying,
    /// Given up: it leaves only when it is asked for.
    Parked,
}

words! { EmailState, UnknownEmailState, "is not a state of an e-mail":
    Queued = "QUEUED",
    Sent = "SENT",
    Retrying = "RETRYING",
    Parked = "PARKED",
}

/// What a single-use link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkPurpose {
    /// Choosing another password.
    Reset,
    /// Proving the address.
    Proof,
    /// Confirming a change of the address: by the new one.
    ChangeToNew,
    /// By the present one.
    ChangeFromOld,
}

words! { LinkPurpose, UnknownLinkPurpose, "is not a purpose of a link":
    Reset = "RESET",
    Proof = "PROOF",
    ChangeToNew = "CHANGE_TO_NEW",
    ChangeFromOld = "CHANGE_FROM_OLD",
}

/// Whether a tenant has to prove its owner's address before it connects to Meta and sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmailProof {
    Required,
    Off,
}

words! { EmailProof, UnknownEmailProof, "must be required or off":
    Required = "required",
    Off = "off",
}
