//! `GET /messages`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use domain::MessageId;
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use ops::MessageReader;

use crate::messages::MessageOut;

/// The tenant's messages, newest first.
///
/// A page at a time: pass `nextCursor` as `cursor` to get the next.
#[utoipa::path(get, path = "/messages", operation_id = "listMessages", tag = "messages", security(("bearer" = ["messages:read"])), params(PageQuery), responses(
    (status = 200, body = Page<MessageOut>),
    (status = 401, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<MessageReader>,
    cursor: Cursor<MessageId>,
) -> Result<Json<Page<MessageOut>>, ProblemResponse> {
    let messages =
        ops::messages::read::list_messages(&app.platform, &permit, cursor.before.0, cursor.limit).await?;
    Ok(Json(Page::of(&messages, cursor.limit, |message| message.message_id)))
}
