//! The values that requests and answers are made of, as `/openapi.json` describes them: with the limits that the code
//! checks, taken from the same constants, and with every word that the code knows.
//!
//! A route names one with `#[schema(value_type = schema::Slug)]`. Each becomes a component of its own, so that a generated
//! client has one type for it.

use std::borrow::Cow;

use domain::access::Scope;
use domain::access::email::{EmailKind, EmailState};
use domain::billing::rate_card::CURRENCY;
use domain::billing::{AdjustmentState, EntryGroup, EntryKind, Finding};
use domain::holds::{HoldReason, HoldTarget};
use domain::limits;
use domain::messages::{DebitStatus, DeliveryStatus, MessageStatus, SERVICE};
use domain::money::{DECIMALS, MICROS_PER_UNIT};
use domain::tenants::OnboardingStep;
use domain::tenants::usage::Quantity;
use domain::{Category, Market, Role, TenantState, phone, templates};
use serde_json::json;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One visible character or more, and no control characters.
const VISIBLE: &str = r"^[^\u0000-\u001F\u007F-\u009F]*$";

/// Declares components: a name, and what builds its schema.
macro_rules! components {
    ($($name:ident = $schema:expr;)+) => {
        $(
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    RefOr::T(Schema::from($schema.build()))
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($name))
                }
            }
        )+
    };
}

components! {
    // Tenants and users
    BusinessName = visible(1, limits::NAME_CHARS_MAX, "Acme Corp").description(Some("A business's name."));
    PersonName = visible(1, limits::NAME_CHARS_MAX, "John Doe").description(Some("A person's name."));
    Slug = text(1, limits::SLUG_CHARS_MAX, "acme-corp")
        .pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$"))
        .description(Some("A business's name in addresses: lower-case letters, digits and single dashes."));
    Email = text(3, limits::EMAIL_CHARS_MAX, "admin@acme.com")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
        .description(Some("An e-mail address. Upper and lower case are the same."));
    NewPassword = text(limits::PASSWORD_CHARS_MIN, limits::PASSWORD_CHARS_MAX, "password123")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .description(Some("A password that is set."));
    KeySet = object([("keys", Schema::from(ArrayBuilder::new().items(public_key()).build()))])
        .description(Some("A JSON Web Key Set (RFC 7517)."));
    UserRole = word(Role::ALL, "OWNER").description(Some("What a user may do; each role may do what those before it may."));
    RoleToGive = word(Role::OF_TENANTS, "SENDER").description(Some("A role that a user of a tenant may have."));
    LoginCode = text(1, limits::CODE_CHARS_MAX, "287082")
        .description(Some("The six digits that the app shows, or a recovery code. Spaces and dashes do not matter."));
    ApiKeyName = visible(1, limits::KEY_NAME_CHARS_MAX, "Web shop").description(Some("An API key's name."));
    ScopeWord = word(Scope::ALL, "messages:send").description(Some("What an API key may do: a resource and an action."));
    PlanName = visible(1, limits::PLAN_NAME_CHARS_MAX, "Growth").description(Some("A plan's name."));
    PlanLimit = whole(1, i64::MAX, 100).description(Some("The largest number that the plan allows."));
    ExpiryTime = text(20, 64, "2027-01-01T00:00:00Z")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("RFC 3339 with a time zone, in the future."));
    StartTime = text(20, 64, "2027-01-01T00:00:00Z")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("RFC 3339 with a time zone, not in the past and at most 366 days ahead."));
    LimitName = word(Quantity::ALL.map(Quantity::limit), "contacts").description(Some("What a plan allows so many of."));
    OnboardingWord = word(OnboardingStep::ALL, "NUMBER").description(Some("What a tenant needs before its first message is delivered."));
    EmailKindWord = word(EmailKind::ALL, "WELCOME").description(Some("What an e-mail is about."));
    EmailStateWord = word(EmailState::ALL, "SENT").description(Some("How far an e-mail is; `PARKED` is given up."));
    TenantStateWord = word(TenantState::ALL, "ACTIVE")
        .description(Some("Suspended and closed tenants can be read, and change and send nothing."));
    StateReason = visible(1, limits::STATE_REASON_CHARS_MAX, "The invoice of October is not paid.")
        .description(Some("Why the tenant is put into the state. Its owners read it."));
    NumberState = word(["CONNECTED", "HELD", "PAUSED", "DISCONNECTED"], "CONNECTED")
        .description(Some("Whether messages leave from a number: not while it, its account or its tenant is held, or its account is paused."));
    InvitationCode = visible(1, 200, "tdi_0123456789abcdef").description(Some("The code of an invitation to register."));
    MarginBps = whole(0, limits::MARGIN_BPS_MAX.into(), 1_500)
        .description(Some("On top of Meta's price, in hundredths of a percent."));

    // Money
    Amount = decimal(r"^-?[0-9]{1,13}\.[0-9]{2,6}$", "99.995")
        .description(Some("An amount in the platform's currency, as a decimal string: exact, with two to six decimals."));
    Price = decimal(r"^[0-9]{1,12}(\.[0-9]{1,6})?$", "99.00")
        .description(Some("An amount that is not negative. A JSON number is read as well, digit by digit."));
    Credit = decimal(&credit_pattern(), "100.00")
        .description(Some("More than 0 and at most a million, with at most six decimals. A JSON number is read as well, digit by digit."));
    CreditDescription = visible(0, limits::CREDIT_DESCRIPTION_CHARS_MAX, "Initial top-up")
        .description(Some("What the credit is for, as the tenant's ledger shows it."));
    Threshold = decimal(r"^([1-9][0-9]{0,8}(\.[0-9]{1,6})?|0\.[0-9]{0,5}[1-9])$", "50.00")
        .description(Some("More than 0 and at most a thousand million, with at most six decimals. A JSON number is read as well, digit by digit."));
    Correction = decimal(r"^-?([1-9][0-9]{0,5}(\.[0-9]{1,6})?|0\.[0-9]{0,5}[1-9]|1000000(\.0{1,6})?)$", "-12.50")
        .description(Some("Not 0 and at most a million in either direction, with at most six decimals. A JSON number is read as well, digit by digit."));
    CorrectionReason = visible(1, limits::ADJUSTMENT_REASON_CHARS_MAX, "Utility price of May")
        .description(Some("Why it is booked, as the tenant's ledger shows it."));
    AdjustmentWord = word(AdjustmentState::ALL, "PENDING").description(Some("Where a correction stands."));
    FindingWord = word(Finding::ALL, "MATCH").description(Some("What the comparison with Meta finds."));
    LedgerNumber = whole(1, i64::MAX, 7).description(Some("A number in a tenant's ledger, without gaps."));
    EntryType = word(["DEBIT", "CREDIT"], "DEBIT");
    CreditReason = word(EntryKind::ALL.into_iter().filter(|kind| *kind != EntryKind::Debit), "TOPUP");
    EntryKindWord = word(EntryKind::ALL, "TOPUP").description(Some("What an entry books."));
    Sha256 = text(64, 64, &"0123456789abcdef".repeat(4)).pattern(Some("^[0-9a-f]{64}$")).description(Some("A SHA-256."));
    DebitState = word(DebitStatus::ALL, "SETTLED").description(Some("What became of a debit."));

    // Rate cards
    RateCardTitle = visible(1, limits::RATE_CARD_NAME_CHARS_MAX, "Meta 2027-01-01").description(Some("A rate card's name, which no other has."));
    RateCardSource = visible(1, limits::RATE_CARD_SOURCE_CHARS_MAX, "https://developers.facebook.com/docs/whatsapp/pricing")
        .description(Some("Where the prices come from."));
    MarketName = word(Market::all().into_iter().map(Market::name), "North America").description(Some("A market by Meta's name of it."));
    RatePrice = decimal(r"^[0-9]{1,3}(\.[0-9]{1,6})?$", "0.0118")
        .description(Some("Meta's price of one message in USD: at most 100, with at most six decimals. A JSON number is read as well, digit by digit."));
    CardCurrency = word([CURRENCY], CURRENCY).description(Some("The currency of the prices."));
    PricedCategory = word(Category::ALL.map(Category::as_str).into_iter().chain([SERVICE]), "UTILITY")
        .description(Some("What Meta charges a message as; SERVICE is free text."));
    PriceStateWord = word(["PLANNED", "IN_FORCE", "REPLACED"], "IN_FORCE")
        .description(Some("Whether a price has begun, and whether a later one of its market and category has."));

    // Contacts
    Phone = text(5, phone::SPELLING_CHARS_MAX, "+15551234567")
        .pattern(Some(r"\+|00"))
        .description(Some("A phone number in any usual spelling that begins with + or 00 and a country code."));
    E164 = text(6, 16, "+15551234567")
        .pattern(Some(r"^\+[0-9]{5,15}$"))
        .description(Some("A phone number in E.164."));
    ContactName = visible(0, limits::NAME_CHARS_MAX, "Alice").description(Some("A contact's name."));
    Attributes = ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .examples([json!({"city": "NY"})])
        .description(Some("Anything else that is known about a contact, at most 4096 bytes as JSON. A number is kept digit by digit, and is refused with an exponent. Variables of a template that a request leaves out are taken from here."));

    // Templates
    TemplateName = text(1, templates::NAME_CHARS_MAX, "welcome_message")
        .pattern(Some("^[a-z0-9_]+$"))
        .description(Some("A template's name at Meta: lower-case letters, digits and underscores."));
    TemplateText = text(1, templates::BODY_CHARS_MAX, "Hello {{1}}, welcome!")
        .pattern(Some(r"\S"))
        .description(Some("The text, with its variables as {{1}}, {{2}}, … without a gap."));
    VariableNames = ArrayBuilder::new()
        .items(visible(1, limits::VARIABLE_NAME_CHARS_MAX, "name"))
        .max_items(Some(templates::VARIABLES_MAX))
        .examples([json!(["name"])])
        .description(Some("Names for {{1}}, {{2}}, … in order: one for each variable of the text."));
    Variables = ObjectBuilder::new()
        .additional_properties(Some(Schema::from(text(0, limits::VARIABLE_CHARS_MAX, "Alice").build())))
        .examples([json!({"name": "Alice"})])
        .description(Some("Values of the template's variables by name. A variable that is left out is taken from the contact."));
    Language = text(2, limits::LANGUAGE_CHARS_MAX, "en_US")
        .pattern(Some("^[A-Za-z_]+$"))
        .description(Some("Meta's code of a language."));
    TemplateCategory = word(Category::ALL, "UTILITY").description(Some("Meta's class of a template: it sets the price and the order of sending."));

    // Messages
    ScheduleTime = text(20, 64, "2026-12-31T10:00:00Z")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("RFC 3339 with a time zone, at most 366 days ahead. A time in the past means now."));
    KeyInBody = visible(1, limits::IDEMPOTENCY_KEY_CHARS_MAX, "unique-request-id")
        .description(Some("The same request with the same key gets the same answer again and happens once. The same as the header Idempotency-Key."));
    MessageState = word(MessageStatus::ALL, "DELIVERED").description(Some("From what was done about sending a message and what Meta reported."));
    DeliveryState = word(DeliveryStatus::ALL.map(DeliveryStatus::as_str), "delivered").description(Some("What Meta reported."));
    HoldKind = word(HoldTarget::KINDS, "TEMPLATE").description(Some("What is on hold."));
    HoldWord = word(HoldReason::ALL, "TEMPLATE").description(Some("Why it is on hold."));

    // WhatsApp
    OauthCode = text(1, limits::OAUTH_CODE_CHARS_MAX, "AQBx").description(Some("The code that Meta's login dialog returned."));

    // Everything
    Time = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .examples(["2026-12-31T10:00:00Z"]);
}

/// An instant in a query.
pub fn time_in_query() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .examples(["2026-11-01T00:00:00Z"])
        .build()
}

/// A kind of ledger entry, or several, in a query.
pub fn entry_group_in_query() -> Object {
    word(EntryGroup::ALL, "TOPUP").build()
}

/// A state of an e-mail, in a query.
pub fn email_state_in_query() -> Object {
    word(EmailState::ALL, "PARKED").build()
}

/// A state of a tenant, in a query.
pub fn tenant_state_in_query() -> Object {
    word(TenantState::ALL, "ACTIVE").build()
}

/// The beginning of what is searched for, in a query.
pub fn search_in_query() -> Object {
    visible(1, limits::SEARCH_CHARS_MAX, "acme").build()
}

/// The name of a plan, in a query.
pub fn plan_in_query() -> Object {
    visible(1, limits::PLAN_NAME_CHARS_MAX, "Growth").build()
}

/// A month in a query.
pub fn month_in_query() -> Object {
    text(7, 7, "2026-11").pattern(Some("^[2-8][0-9]{3}-(0[1-9]|1[0-2])$")).build()
}

/// A day in a query.
pub fn day_in_query() -> Object {
    text(10, 10, "2026-11-30").pattern(Some("^[2-8][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$")).build()
}

/// The format of an answer, in a query.
pub fn format_in_query() -> Object {
    word(["json", "csv"], "csv").build()
}

fn object<const N: usize>(members: [(&'static str, Schema); N]) -> ObjectBuilder {
    members
        .into_iter()
        .fold(ObjectBuilder::new().schema_type(SchemaType::new(Type::Object)), |object, (name, schema)| {
            object.property(name, schema).required(name)
        })
}

/// A P-256 key for ES256 (RFC 7518, section 6.2.1).
fn public_key() -> ObjectBuilder {
    let word = |value: &'static str| Schema::from(word([value], value).build());
    let base64 = |what: &'static str| {
        Schema::from(
            ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).description(Some(what)).build(),
        )
    };
    object([
        ("kty", word("EC")),
        ("crv", word("P-256")),
        ("alg", word("ES256")),
        ("use", word("sig")),
        ("kid", base64("The key's thumbprint (RFC 7638).")),
        ("x", base64("A coordinate of the public point.")),
        ("y", base64("A coordinate of the public point.")),
    ])
}

fn text(chars_min: usize, chars_max: usize, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .min_length(Some(chars_min))
        .max_length(Some(chars_max))
        .examples([example])
}

fn visible(chars_min: usize, chars_max: usize, example: &str) -> ObjectBuilder {
    text(chars_min, chars_max, example).pattern(Some(VISIBLE))
}

/// One of a closed set of words.
fn word<W: ToString>(all: impl IntoIterator<Item = W>, example: &str) -> ObjectBuilder {
    let words = all.into_iter().map(|word| word.to_string());
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .enum_values(Some(words.collect::<Vec<String>>()))
        .examples([example])
}

fn whole(min: i64, max: i64, example: i64) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Integer))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(min))
        .maximum(Some(max))
        .examples([example])
}

/// Money as text: a generated client that calculated with floats would send 0.30000000000000004.
fn decimal(pattern: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .format(Some(SchemaFormat::Custom("decimal".to_owned())))
        .pattern(Some(pattern))
        .examples([example])
}

/// From a millionth to the largest top-up, which is a power of ten.
fn credit_pattern() -> String {
    let max = limits::TOP_UP_MAX.micros() / MICROS_PER_UNIT;
    let digits_after_first = max.ilog10() - 1;
    format!(
        r"^([1-9][0-9]{{0,{digits_after_first}}}(\.[0-9]{{1,{DECIMALS}}})?|0\.[0-9]{{0,5}}[1-9]|{max}(\.0{{1,{DECIMALS}}})?)$"
    )
}
