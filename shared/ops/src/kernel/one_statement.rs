//! The short form of an operation that is one statement.

/// Declares an [`Operation`](store::Operation) (or, with `system`, a [`SystemOperation`](store::SystemOperation)) whose whole
/// body is one call of a statement:
///
/// ```text
/// one_statement! {
///     const NAME: &'static str = "list_contacts";
///     struct ListContacts { before: Uuid, limit: i64 }
///     fn run(&self, tx) -> Vec<Contact> { contacts::list(tx, self.before, self.limit) }
/// }
/// ```
macro_rules! one_statement {
    (const NAME: &'static str = $name:literal;
     $visibility:vis struct $operation:ident { $($field:ident: $type:ty),* $(,)? }
     fn run(&$self:ident, $tx:ident) -> $done:ty { $statement:expr }) => {
        $visibility struct $operation { $($visibility $field: $type),* }

        impl store::Operation for $operation {
            const NAME: &'static str = $name;
            type Done = $done;
            type Error = store::StoreError;

            async fn run(&$self, $tx: &store::TenantTx) -> Result<$done, store::StoreError> {
                $statement.await
            }
        }
    };
    (const NAME: &'static str = $name:literal;
     system struct $operation:ident { $($field:ident: $type:ty),* $(,)? }
     fn run(&$self:ident, $tx:ident) -> $done:ty { $statement:expr }) => {
        struct $operation { $($field: $type),* }

        impl store::SystemOperation for $operation {
            const NAME: &'static str = $name;
            type Done = $done;
            type Error = store::StoreError;

            async fn run(&$self, $tx: &store::SystemTx) -> Result<$done, store::StoreError> {
                $statement.await
            }
        }
    };
}
pub(crate) use one_statement;
