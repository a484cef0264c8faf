//! Every step of the flow cut once, every event lost, doubled and late: one file per kind of claim.
