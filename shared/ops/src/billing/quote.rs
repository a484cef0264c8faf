//! What messages would cost: the price that a claim debits, without a debit.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::billing::{margin, price, rate};
use domain::contacts::OptOut;
use domain::limits::QUOTE_RECIPIENTS_MAX;
use domain::problem::{FieldError, Kind};
use domain::{Category, ContactId, Market, Money, PhoneNumber, Problem, RateCardId, TemplateId};
use jiff::Timestamp;
use store::billing::rate_cards::{self, RateCard};
use store::billing::wallet;
use store::contacts::Reachable;
use store::{Operation, StoreError, TenantTx, contacts, templates, tenants};
use thiserror::Error;

use crate::kernel::permit::BillingReader;
use crate::kernel::platform::Platform;

/// Numbers that are read without a pause: some milliseconds of one processor.
const READ_AT_ONCE: usize = 100;
/// Recipients that are named as wrong at most.
const NAMED_MAX: usize = 20;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuote {
    pub template: TemplateId,
    pub to: QuoteTo,
    /// Now when absent.
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuoteTo {
    /// In any usual spelling.
    Phones(Vec<String>),
    Contacts(Vec<ContactId>),
}

/// What messages of a template would cost at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub at: Timestamp,
    pub category: Category,
    /// By market.
    pub lines: Vec<QuoteLine>,
    /// Recipients that get none because they have opted out; they cost nothing.
    pub opted_out: usize,
    pub total: Money,
    /// What of the balance nothing has reserved.
    pub available: Money,
}

/// What the messages to one market would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteLine {
    pub market: Market,
    pub count: usize,
    /// Meta's price of one.
    pub rate: Money,
    pub margin_bps: i32,
    pub margin: Money,
    /// Of one, with the margin.
    pub unit_price: Money,
    pub total: Money,
    pub card: RateCard,
}

#[derive(Debug, Error)]
pub enum QuoteError {
    /// Fields that are not valid, or that match nothing of the tenant's.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    /// The claim would end such messages.
    #[error("there is no price for {0} at that time")]
    NoPrice(Market),
    #[error("the sum is more than an amount can hold")]
    TooMuch,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<QuoteError> for Problem {
    fn from(error: QuoteError) -> Self {
        match error {
            QuoteError::Invalid(fields) => Self::invalid(fields),
            QuoteError::NoPrice(_) | QuoteError::TooMuch => Self::new(Kind::NotPossible).with_detail(error),
            QuoteError::Store(error) => error.into(),
        }
    }
}

/// Prices messages to these recipients; nothing is written or reserved.
pub async fn quote(
    platform: &Platform,
    permit: &BillingReader,
    asked: NewQuote,
) -> Result<Quote, QuoteError> {
    let to = match asked.to {
        QuoteTo::Phones(spellings) => To::Phones(read_phones(&spellings).await.map_err(QuoteError::Invalid)?),
        QuoteTo::Contacts(contacts) => {
            check_count("contactIds", contacts.len()).map_err(|error| QuoteError::Invalid(vec![error]))?;
            To::Contacts(contacts)
        }
    };
    let operation = MakeQuote { template: asked.template, to, at: asked.at };
    platform.store.perform(&platform.act(permit), &operation).await
}

fn check_count(field: &str, count: usize) -> Result<(), FieldError> {
    if (1..=QUOTE_RECIPIENTS_MAX).contains(&count) {
        return Ok(());
    }
    Err(FieldError::new(field, format!("must hold 1 to {QUOTE_RECIPIENTS_MAX} entries")))
}

async fn read_phones(spellings: &[String]) -> Result<Vec<PhoneNumber>, Vec<FieldError>> {
    check_count("recipients", spellings.len()).map_err(|error| vec![error])?;
    let (mut phones, mut wrong) = (Vec::with_capacity(spellings.len()), Wrong::default());
    for (index, spelling) in spellings.iter().enumerate() {
        if index % READ_AT_ONCE == 0 {
            tokio::task::yield_now().await;
        }
        match PhoneNumber::parse(spelling) {
            Ok(phone) => phones.push(phone),
            Err(why) => wrong.add(format!("recipients[{index}]"), &why.to_string()),
        }
    }
    wrong.none_or("recipients").map(|()| phones)
}

/// The first mistakes of many, and how many there are.
#[derive(Default)]
struct Wrong {
    named: Vec<FieldError>,
    more: usize,
}

impl Wrong {
    fn add(&mut self, field: String, why: &str) {
        if self.named.len() < NAMED_MAX {
            self.named.push(FieldError::new(field, why));
        } else {
            self.more += 1;
        }
    }

    fn none_or(mut self, list: &str) -> Result<(), Vec<FieldError>> {
        if self.more > 0 {
            self.named.push(FieldError::new(list, format!("has {} more mistakes", self.more)));
        }
        if self.named.is_empty() { Ok(()) } else { Err(self.named) }
    }
}

enum To {
    Phones(Vec<PhoneNumber>),
    Contacts(Vec<ContactId>),
}

struct MakeQuote {
    template: TemplateId,
    to: To,
    at: Option<Timestamp>,
}

impl Operation for MakeQuote {
    const NAME: &'static str = "make_quote";
    type Done = Quote;
    type Error = QuoteError;

    async fn run(&self, tx: &TenantTx) -> Result<Quote, QuoteError> {
        let at = self.at.unwrap_or(tx.now());
        let Some(template) = templates::find(tx, self.template).await? else {
            let unknown = FieldError::new("templateId", "does not match any of your templates");
            return Err(QuoteError::Invalid(vec![unknown]));
        };
        let recipients = self.recipients(tx).await?;
        let (mut counts, mut opted_out): (BTreeMap<Market, usize>, usize) = (BTreeMap::new(), 0);
        for (phone, opt_out) in recipients {
            if opt_out.is_some_and(|opt_out| opt_out.scope.covers(template.category)) {
                opted_out += 1;
            } else {
                *counts.entry(Market::of(&phone, at)).or_default() += 1;
            }
        }
        let lines = price_lines(tx, &counts, template.category, at).await?;
        let sum = |sum: Money, line: &QuoteLine| sum.checked_add(line.total);
        let total = lines.iter().try_fold(Money::ZERO, sum).ok_or(QuoteError::TooMuch)?;
        let available = wallet::available(tx).await?.ok_or_else(|| missing(tx, "wallets"))?;
        Ok(Quote { at, category: template.category, lines, opted_out, total, available })
    }
}

impl MakeQuote {
    /// The number of each recipient, and what it opted out of.
    async fn recipients(&self, tx: &TenantTx) -> Result<Vec<(PhoneNumber, Option<OptOut>)>, QuoteError> {
        match &self.to {
            To::Phones(phones) => {
                let distinct: HashSet<&str> = phones.iter().map(PhoneNumber::as_str).collect();
                let distinct: Vec<&str> = distinct.into_iter().collect();
                let opted_out = contacts::opted_out_by_phone(tx, &distinct).await?;
                let opted_out: HashMap<&PhoneNumber, Option<OptOut>> =
                    opted_out.iter().map(|contact| (&contact.phone, contact.opt_out)).collect();
                let of = |phone: &PhoneNumber| (phone.clone(), opted_out.get(phone).copied().flatten());
                Ok(phones.iter().map(of).collect())
            }
            To::Contacts(ids) => each_of(ids, contacts::reachable(tx, ids).await?),
        }
    }
}

/// The contacts by these ids, in this order, or every id that is none.
fn each_of(
    ids: &[ContactId],
    found: Vec<Reachable>,
) -> Result<Vec<(PhoneNumber, Option<OptOut>)>, QuoteError> {
    let found: HashMap<ContactId, Reachable> =
        found.into_iter().map(|contact| (contact.contact_id, contact)).collect();
    let (mut recipients, mut wrong) = (Vec::with_capacity(ids.len()), Wrong::default());
    for (index, id) in ids.iter().enumerate() {
        match found.get(id) {
            Some(contact) => recipients.push((contact.phone.clone(), contact.opt_out)),
            None => wrong.add(format!("contactIds[{index}]"), "does not match any of your contacts"),
        }
    }
    wrong.none_or("contactIds").map_err(QuoteError::Invalid)?;
    Ok(recipients)
}

async fn price_lines(
    tx: &TenantTx,
    counts: &BTreeMap<Market, usize>,
    category: Category,
    at: Timestamp,
) -> Result<Vec<QuoteLine>, QuoteError> {
    let rates = rate_cards::in_force(tx, at).await?;
    let margin_bps = tenants::margin_at(tx, at).await?.ok_or_else(|| missing(tx, "tenants"))?;
    let mut priced = Vec::with_capacity(counts.len());
    for (market, count) in counts {
        let rate = rate(&rates, *market, category, at).ok_or(QuoteError::NoPrice(*market))?;
        priced.push((*market, *count, rate));
    }
    let ids: Vec<RateCardId> = priced.iter().map(|(.., rate)| rate.card_id).collect();
    let cards = rate_cards::named(tx, &ids).await?;
    let cards: HashMap<RateCardId, RateCard> = cards.into_iter().map(|card| (card.card_id, card)).collect();
    let line = |(market, count, rate): (Market, usize, &domain::billing::Rate)| {
        let card = cards.get(&rate.card_id).cloned().ok_or_else(|| missing(tx, "rate_card_headers"))?;
        let margin = margin(rate.price, margin_bps).ok_or(QuoteError::TooMuch)?;
        let unit_price = price(rate.price, margin_bps).ok_or(QuoteError::TooMuch)?;
        let total = i64::try_from(count).ok().and_then(|count| unit_price.micros().checked_mul(count));
        let total = total.map(Money::from_micros).ok_or(QuoteError::TooMuch)?;
        Ok(QuoteLine { market, count, rate: rate.price, margin_bps, margin, unit_price, total, card })
    };
    priced.into_iter().map(line).collect()
}

fn missing(tx: &TenantTx, table: &'static str) -> StoreError {
    StoreError::Inconsistent { table, what: format!("{} has none", tx.tenant()) }
}
