//! Creates the state of every function on this machine.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use api::{App, Tokens};
use cloud::Reloadable;
use domain::Clock;
use http_kit::Scheme;
use mailer::{Mailer, Transport};
use one_machine::OneMachine;
use ops::Platform;
use ops::delivery::call_stats::CallCounts;
use ops::kernel::cipher::TokenCipher;
use ops::kernel::passwords::Passwords;
use secrecy::SecretString;
use store::Store;
use store::recovery::gauges::Gauges;
use webhook::Webhook;

use crate::error::LocalError;
use crate::home::Home;
use crate::keys::{MachineKeys, take_over};
use crate::sandbox_account;
use crate::settings::{Settings, is_real_meta};

/// The state of every function, and the queues between them.
#[derive(Clone, Debug)]
pub struct Machine {
    pub platform: Platform,
    /// The state of the HTTP functions.
    pub app: App,
    pub webhook: Webhook,
    pub mailer: Mailer,
    /// Queues and schedules.
    pub queues: OneMachine,
    /// Where clients reach the API.
    pub public_url: String,
    /// How callers reach the API.
    pub scheme: Scheme,
    pub keys: MachineKeys,
    pub trusted_proxies: Arc<[IpAddr]>,
}

impl Machine {
    pub fn assemble(
        settings: &Settings,
        home: &Home,
        store: Store,
        clock: Clock,
    ) -> Result<Self, LocalError> {
        take_over(home, &settings.given_keys, clock.now())?;
        let keys = MachineKeys::read(settings, home, &clock)?;
        let base_url = settings.meta_base_url();
        let app = keys.app.clone();
        let meta = meta::Client::new(meta::Config {
            base_url: base_url.clone(),
            version: settings.meta_version.clone(),
            app_id: settings.app.id.clone(),
            app_secret: SecretString::default(),
            call_timeout: settings.call_timeout,
        })?
        .with_app(move || app.get());
        let queues = OneMachine::new(store.clone(), clock.clone());
        let platform = Platform {
            store,
            cloud: queues.cloud(),
            meta,
            clock: clock.clone(),
            token_cipher: Arc::new(TokenCipher::new(keys.data.clone())),
            passwords: Passwords::default(),
            timings: settings.timings,
            adjustment_approval_over: settings.adjustment_approval_over,
            email_proof: settings.email_proof,
            registration: settings.registration,
            on_new_tenant: (!is_real_meta(&base_url)).then(sandbox_account::hook),
            is_closing: Arc::new(AtomicBool::new(false)),
        };
        let tokens = Tokens::new(keys.jwt.clone(), clock);
        let transport = match &settings.smtp {
            Some((server, login)) => Transport::Smtp(server.clone(), Reloadable::fixed(login.clone())),
            None => Transport::folder(home.folder("mail")?),
        };
        let from = settings.mail_from.clone();
        let mailer = Mailer::new(platform.clone(), transport, from, &settings.public_url);
        let webhook = Webhook { queues: platform.cloud.queues.clone(), app: keys.app.clone() };
        Ok(Self {
            app: App { platform: platform.clone(), tokens: Arc::new(tokens) },
            platform,
            webhook,
            mailer,
            queues,
            public_url: settings.public_url.clone(),
            scheme: Scheme::of(&settings.public_url),
            keys,
            trusted_proxies: settings.trusted_proxies.clone().into(),
        })
    }
}

/// The names of the metrics on AWS that are of the whole environment, each of which has an alarm: the sweeper's gauges, and
/// Meta's answers to the dispatcher. Those of each function are in [`runtime::tally`].
pub fn metrics() -> impl Iterator<Item = &'static str> {
    let swept = sweep::metrics(Gauges::default());
    swept.into_iter().chain(dispatch::metrics(CallCounts::default())).map(|metric| metric.name)
}
