//! Progress on the terminal; silent where there is none.

use indicatif::{ProgressBar, ProgressStyle};

pub(crate) fn bar(what: &'static str, of: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(of).unwrap_or(u64::MAX)).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg:>24} {bar:30.cyan/blue} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    bar
}
