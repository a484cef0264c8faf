//! Calls to an edge of an account or a number.

use domain::PhoneNumberId;
use meta::PageQuery;
use meta::accounts::Side;

use super::graph::{Read, Replay, TOKEN};
use super::{answers, text};
use crate::events;

impl Replay<'_> {
    pub(super) async fn number_edge(&self, method: &str, node: &str, edge: &str) -> Option<Read> {
        let (client, body, number) = (self.client(), self.body(), PhoneNumberId(node.to_owned()));
        Some(match (method, edge) {
            ("POST", "register") if body["data_localization_region"].is_null() => {
                self.done(client.register(&TOKEN, &number, &text(&body["pin"])).await)
            }
            ("POST", "deregister") => self.done(client.deregister(&TOKEN, &number).await),
            ("POST", "unpause") => self.done(client.unpause_template(&TOKEN, node).await),
            _ => return None,
        })
    }

    pub(super) async fn account_edge(&self, method: &str, node: &str, edge: &str) -> Option<Read> {
        let (client, body, fields) = (self.client(), self.body(), self.fields());
        let limit = self.query("limit").and_then(|limit| limit.parse().ok());
        let page = PageQuery { fields: &fields, limit, after: self.query("after") };
        Some(match (method, edge) {
            ("GET", "access_token") => {
                let token = client.exchange_code(self.query("code").unwrap_or_default()).await;
                self.events_of(token, |token| vec![answers::exchanged(&token)])
            }
            ("GET", "phone_numbers") => {
                let numbers = client.list_numbers(&TOKEN, node, &page).await;
                let expectation = |index| events(self.case(), "phone_number").nth(index);
                self.events_of(numbers, |page| {
                    page.items
                        .iter()
                        .enumerate()
                        .map(|(index, one)| answers::number(one, expectation(index)))
                        .collect()
                })
            }
            ("GET", "owned_whatsapp_business_accounts" | "client_whatsapp_business_accounts") => {
                let side = if edge.starts_with("owned") { Side::Owned } else { Side::Client };
                let accounts = client.list_accounts(&TOKEN, (node, side), &page).await;
                self.events_of(accounts, |page| answers::accounts(&page.items))
            }
            ("GET", "subscribed_apps") => {
                self.events_of(client.subscribed_apps(&TOKEN, node).await, |apps| vec![answers::apps(&apps)])
            }
            ("DELETE", "subscribed_apps") => self.done(client.unsubscribe_app(&TOKEN, node).await),
            ("POST", "subscribed_apps") if body["override_callback_uri"].is_null() => {
                self.done(client.subscribe_app(&TOKEN, node).await)
            }
            _ => return None,
        })
    }
}
