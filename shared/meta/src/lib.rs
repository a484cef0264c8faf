//! Meta's WhatsApp Business Cloud API: the only room that knows its JSON.
//!
//! The cast: [`Client`] makes Graph calls; [`webhook`] reads what Meta sends us; [`signature`] proves that it was Meta;
//! [`GraphError`] is Meta's error and [`ErrorClass`] what to do about it. What leaves this room is `domain`'s vocabulary.
//!
//! What is guaranteed: a call goes to the configured host alone (no redirect, no proxy), never waits or reads without a
//! bound, and never calls a message unsent that may have left; no error holds a token, a secret or an address with one;
//! reading a webhook never panics, one rotten element never costs the others, and what is kept can be read again.
//! What is not done here: trying again (whether that is safe is decided in `domain`). Where to find a call: sending in
//! `send`, templates in `templates`, accounts, numbers, tokens and subscriptions in `accounts`, costs in `analytics`,
//! files in `media`.

mod accounts;
mod analytics;
mod app;
mod client;
mod error;
mod media;
mod send;
pub mod signature;
mod signup;
mod templates;
pub mod webhook;
mod wire;

pub use accounts::{
    ACCOUNT_FIELDS, AppSubscription, Availability, BusinessUsername, CallbackOverride, CodeMethod,
    ExchangedToken, Health, HealthEntity, HealthProblem, NUMBER_FIELDS, NewAppSubscription, NewNumber,
    RemoteAccount, RemoteNumber, Side, SubscribedApp, SyncType, TokenError, TokenInfo, WebhookConfiguration,
};
pub use analytics::{
    Granularity, PricingDimension, PricingPoint, PricingQuery, TemplateCost, TemplatePoint,
    TemplateStatsQuery,
};
pub use app::App;
pub use client::{Client, Config, ConfigError, UsageHeaders};
pub use error::{
    Advice, BusinessUsage, CallError, ErrorClass, Failure, GraphError, Load, Told, Usage, is_about_account,
};
pub use media::{MediaInfo, NewUpload};
pub use send::{
    Accepted, Action, ButtonValue, CardValue, ContactAddress, ContactCard, ContactEmail, ContactName,
    ContactOrganisation, ContactPhone, ContactUrl, Content, Currency, DateTime, FlowAction, FlowName,
    HeaderValue, Interactive, InteractiveCard, InteractiveHeader, ListRow, ListSection, Location,
    MarketingMessage, MediaMessage, MediaSource, Message, OrderStatus, Parameter, ParameterValue,
    ProductPolicy, ProductSection, Reaction, Recipient, ReplyButton, SendAnswer, SendOptions, TapTarget,
    TemplateButtonValue, TemplateMessage, TemplateSend, Text,
};
pub use signup::{NotASignup, Signup, SignupOutcome};
pub use templates::{
    Archived, AuthenticationTemplates, Comparison, Examples, FlowSource, LibraryBody, LibraryButton,
    LibraryTemplate, LimitedTimeOffer, MediaFormat, NewTemplate, OtpApp, OtpApps, OtpButton, OtpKind,
    PreviewButton, PreviewQuery, RemoteButton, RemoteComponent, RemoteTemplate, TEMPLATE_FIELDS,
    TEMPLATES_PER_CALL_MAX, TemplateBody, TemplateButton, TemplateCard, TemplateCategory, TemplateContent,
    TemplateEdit, TemplateFooter, TemplateHeader, TemplateOptions, TemplatePreview, TemplateQuality,
    TemplateQuery, TemplateSelection, TemplateState, variables,
};
pub use wire::{PAGE_ITEMS, Page, PageQuery};
