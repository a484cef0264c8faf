//! A rate card as CSV, in the form in which Meta offers it: some lines of text, a header, a line for each market.

use std::collections::BTreeMap;

use domain::Category;
use domain::billing::rate_card::{Cell, WrittenRow, first_mistakes};
use domain::problem::FieldError;
use jiff::civil::Date;

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) rows: Vec<WrittenRow>,
    /// Midnight in UTC of the day that is named before the header.
    pub(super) effective_from: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Market,
    Currency,
    Marketing,
    Utility,
    Authentication,
    /// For businesses based elsewhere that send very much. It is checked and not used.
    International,
    /// Free text, of which Meta gives a number away each month. It is checked and not used.
    Service,
}

impl Column {
    const ALL: [Self; 7] = [
        Self::Market,
        Self::Currency,
        Self::Marketing,
        Self::Utility,
        Self::Authentication,
        Self::International,
        Self::Service,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Market => "Market",
            Self::Currency => "Currency",
            Self::Marketing => "Marketing",
            Self::Utility => "Utility",
            Self::Authentication => "Authentication",
            Self::International => "Authentication-International",
            Self::Service => "Service",
        }
    }

    const fn category(self) -> Option<Category> {
        match self {
            Self::Marketing => Some(Category::Marketing),
            Self::Utility => Some(Category::Utility),
            Self::Authentication => Some(Category::Authentication),
            Self::Market | Self::Currency | Self::International | Self::Service => None,
        }
    }

    /// Meta breaks a long title over two lines.
    fn titled(title: &str) -> Option<Self> {
        let title: String = title.split_whitespace().collect();
        Self::ALL.into_iter().find(|column| column.title().eq_ignore_ascii_case(&title))
    }
}

/// Reads a file, or says what is wrong with its form. Prices and markets are checked afterwards.
pub(super) fn read(text: &str) -> Result<File, Vec<FieldError>> {
    // The reader takes the line feed after a carriage return for the beginning of the next record, and counts it there.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let (mut columns, mut effective_from) = (None, None);
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| vec![FieldError::new("body", error)])?;
        let line = record.position().map_or(0, csv::Position::line);
        match &columns {
            None if record.get(0).and_then(Column::titled) == Some(Column::Market) => {
                columns = Some(read_header(&record, line, &mut wrong));
            }
            None => effective_from = effective_from.or_else(|| record.iter().find_map(day_in)),
            Some(columns) if record.iter().any(|cell| !cell.trim().is_empty()) => {
                rows.push(read_row(columns, &record, line, &mut wrong));
            }
            Some(_) => {}
        }
    }
    if columns.is_none() {
        let titles = Column::ALL.map(Column::title).join(",");
        wrong.push(FieldError::new("body", format!("must have a header line such as {titles}")));
    }
    if wrong.is_empty() { Ok(File { rows, effective_from }) } else { Err(first_mistakes(wrong)) }
}

/// What stands in each place of a line.
fn read_header(
    record: &csv::StringRecord,
    line: u64,
    wrong: &mut Vec<FieldError>,
) -> BTreeMap<usize, Column> {
    let mut columns = BTreeMap::new();
    for (place, title) in record.iter().enumerate().filter(|(_, title)| !title.trim().is_empty()) {
        match Column::titled(title) {
            Some(column) if columns.values().any(|known| *known == column) => {
                wrong.push(FieldError::new(format!("line {line}: {}", column.title()), "is a column twice"));
            }
            Some(column) => {
                columns.insert(place, column);
            }
            None => {
                wrong
                    .push(FieldError::new(format!("line {line}: {title}"), "is not a column of a rate card"));
            }
        }
    }
    if !columns.values().any(|column| *column == Column::Currency) {
        wrong.push(FieldError::new(format!("line {line}: Currency"), "is a column that is missing"));
    }
    columns
}

fn read_row(
    columns: &BTreeMap<usize, Column>,
    record: &csv::StringRecord,
    line: u64,
    wrong: &mut Vec<FieldError>,
) -> WrittenRow {
    let cell = |column: Column, text: &str| Cell {
        field: format!("line {line}: {}", column.title()),
        text: text.to_owned(),
    };
    let mut row = WrittenRow {
        market: cell(Column::Market, ""),
        currency: Some(cell(Column::Currency, "")),
        prices: Vec::new(),
    };
    for (place, text) in record.iter().enumerate() {
        match columns.get(&place) {
            Some(Column::Market) => row.market = cell(Column::Market, text),
            Some(Column::Currency) => row.currency = Some(cell(Column::Currency, text)),
            Some(column) => row.prices.push((column.category(), cell(*column, text))),
            None if text.trim().is_empty() => {}
            None => {
                let why = "has more values than the header has columns; write decimals with a point";
                wrong.push(FieldError::new(format!("line {line}"), why));
                break;
            }
        }
    }
    row
}

/// The day in a text such as `Cost per message in USD, effective October 1, 2026`.
fn day_in(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (_, rest) = lower.rsplit_once("effective ")?;
    let words: Vec<&str> = rest.split([' ', ',']).filter(|word| !word.is_empty()).take(3).collect();
    let day = Date::strptime("%B %d %Y", words.join(" ")).ok()?;
    Some(format!("{day}T00:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = "\u{feff}\"Cost per message in USD, effective October 1, 2026\",,,,,,\r\n,,,,,,\r\n\
        Market,Currency,Marketing,Utility,Authentication,\"Authentication-\nInternational\",Service\r\n\
        India,USD,0.0118,0.0014,0.0014,0.0280,n/a\r\n,,,,,,\r\nOther,USD,0.0604,0.0077,0.0077,n/a,n/a\r\n";

    fn mistakes(text: &str) -> Vec<String> {
        read(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn metas_own_file_is_read_with_its_date() {
        let file = read(META.trim_start_matches('\u{feff}')).unwrap();
        assert_eq!(file.effective_from.as_deref(), Some("2026-10-01T00:00:00Z"));
        let [india, other] = file.rows.as_slice() else { panic!("{:?}", file.rows) };
        assert_eq!((india.market.text.as_str(), other.market.text.as_str()), ("India", "Other"));
        let priced: Vec<_> =
            india.prices.iter().map(|(category, cell)| (*category, cell.text.as_str())).collect();
        assert_eq!(
            priced,
            [
                (Some(Category::Marketing), "0.0118"),
                (Some(Category::Utility), "0.0014"),
                (Some(Category::Authentication), "0.0014"),
                (None, "0.0280"),
                (None, "n/a"),
            ]
        );
        assert_eq!(india.market.field, "line 5: Market");
    }

    #[test]
    fn what_is_wrong_with_the_form_is_named_with_its_line() {
        assert_eq!(
            mistakes("a,b\n1,2\n"),
            [
                "body must have a header line such as Market,Currency,Marketing,Utility,Authentication,Authentication-International,Service"
            ]
        );
        assert_eq!(
            mistakes("Market,Utility,Utility,Colour\nIndia,0,0014,x,y\n"),
            [
                "line 1: Utility is a column twice",
                "line 1: Colour is not a column of a rate card",
                "line 1: Currency is a column that is missing",
                "line 2 has more values than the header has columns; write decimals with a point",
            ]
        );
    }

    #[test]
    fn a_day_is_read_from_a_sentence_alone() {
        assert_eq!(day_in("Rates, Effective july 1, 2026.").as_deref(), None, "a year with a full stop");
        assert_eq!(day_in("effective July 1, 2026").as_deref(), Some("2026-07-01T00:00:00Z"));
        assert_eq!(day_in("effective soon"), None);
        assert_eq!(day_in("effective February 30, 2027"), None);
    }
}
