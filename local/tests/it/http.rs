//! What the API refuses, and how: one file per kind of claim.
