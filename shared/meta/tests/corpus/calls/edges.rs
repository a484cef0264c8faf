//! Calls about an account and its numbers: those at an edge of a node.

use domain::PhoneNumberId;
use meta::{CodeMethod, NewAppSubscription, NewNumber, NewUpload, PageQuery, Side, SyncType};
use serde_json::json;

use super::graph::{Read, Replay, TOKEN, callback};
use super::{list, maybe, text, told};
use crate::events;

impl Replay<'_> {
    pub(super) async fn number_edge(&self, method: &str, node: &str, edge: &str) -> Option<Read> {
        let (client, body, number) = (self.client(), self.body(), PhoneNumberId(node.to_owned()));
        Some(match (method, edge) {
            ("POST", "register") => {
                let (pin, region) = (text(&body["pin"]), body["data_localization_region"].as_str());
                self.done(client.register_in(TOKEN, &number, &pin, region).await)
            }
            ("POST", "deregister") => self.done(client.deregister(TOKEN, &number).await),
            ("POST", "request_code") => {
                let is_voice = body["code_method"] == "VOICE";
                let method = if is_voice { CodeMethod::Voice } else { CodeMethod::Sms };
                self.done(client.request_code(TOKEN, &number, method, &text(&body["language"])).await)
            }
            ("POST", "verify_code") => {
                self.done(client.verify_code(TOKEN, &number, &text(&body["code"])).await)
            }
            ("POST", "smb_app_data") => {
                let is_history = body["sync_type"] == "history";
                let sync = if is_history { SyncType::History } else { SyncType::Contacts };
                let synced = client.sync_business_app(TOKEN, &number, sync).await;
                let wants_ok = self.expects("ok");
                self.heard(
                    synced,
                    |_request| if wants_ok { vec![json!({"event": "ok"})] } else { Vec::new() },
                )
            }
            ("GET", "username") => self.heard(client.username(TOKEN, &number).await, |_username| Vec::new()),
            ("POST", "username") => {
                let takes_over = body["transfer_action"] == "force_transfer";
                let claimed =
                    client.claim_username(TOKEN, &number, &text(&body["username"]), takes_over).await;
                self.heard(claimed, |_status| Vec::new())
            }
            ("DELETE", "username") => self.done(client.delete_username(TOKEN, &number).await),
            ("GET", "username_suggestions") => {
                self.heard(client.suggest_usernames(TOKEN, &number).await, |_suggestions| Vec::new())
            }
            ("POST", "unpause") => self.done(client.unpause_template(TOKEN, node).await),
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
                self.heard(token, |token| vec![told::exchanged(&token)])
            }
            ("GET", "phone_numbers") => {
                let numbers = client.list_numbers(TOKEN, node, &page).await;
                let of = |index| events(self.case(), "phone_number").nth(index);
                self.heard(numbers, |page| {
                    page.items.iter().enumerate().map(|(index, one)| told::number(one, of(index))).collect()
                })
            }
            ("POST", "phone_numbers") => {
                let new = NewNumber {
                    country_code: text(&body["cc"]),
                    phone_number: text(&body["phone_number"]),
                    verified_name: maybe(&body["verified_name"]),
                    migrate_phone_number: body["migrate_phone_number"].as_bool(),
                    preverified_id: maybe(&body["preverified_id"]),
                };
                self.heard(client.add_number(TOKEN, node, &new).await, |id| told::named(&id))
            }
            ("GET", "owned_whatsapp_business_accounts" | "client_whatsapp_business_accounts") => {
                let side = if edge.starts_with("owned") { Side::Owned } else { Side::Client };
                let accounts = client.list_accounts(TOKEN, (node, side), &page).await;
                self.heard(accounts, |page| told::accounts(&page.items))
            }
            ("GET", "subscribed_apps") => {
                self.heard(client.subscribed_apps(TOKEN, node).await, |apps| vec![told::apps(&apps)])
            }
            ("DELETE", "subscribed_apps") => self.done(client.unsubscribe_app(TOKEN, node).await),
            ("POST", "subscribed_apps") if body["override_callback_uri"].is_null() => {
                self.done(client.subscribe_app(TOKEN, node).await)
            }
            ("POST", "subscribed_apps") => {
                let apps = client.subscribe_app_with_override(TOKEN, node, &callback(body)).await;
                let wants_ok = self.expects("ok");
                let tell = |apps: &[_]| if wants_ok { json!({"event": "ok"}) } else { told::apps(apps) };
                self.heard(apps, |apps| vec![tell(&apps)])
            }
            ("GET", "subscriptions") => self
                .heard(client.app_subscriptions().await, |all| all.iter().map(told::subscription).collect()),
            ("POST", "subscriptions") => {
                let new = NewAppSubscription {
                    callback_url: text(&body["callback_url"]),
                    verify_token: text(&body["verify_token"]),
                    fields: list(&body["fields"]).map(text).collect(),
                };
                self.done(client.set_app_subscription(&new).await)
            }
            ("GET", "template_analytics") => self.template_analytics(node).await,
            ("POST", "uploads") => {
                let (file_name, file_type) = (self.query("file_name"), self.query("file_type"));
                let length =
                    self.query("file_length").and_then(|length| length.parse().ok()).unwrap_or_default();
                let new = NewUpload {
                    file_name: file_name.unwrap_or_default(),
                    file_type: file_type.unwrap_or_default(),
                    bytes: vec![0; length].into(),
                };
                self.heard(client.start_upload(TOKEN, &new).await, |id| told::named(&id))
            }
            _ => return None,
        })
    }
}
