//! A table on the terminal, as wide as that allows: cells break their lines before the table does.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};

pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_long_cells_fits_a_terminal_of_80_columns() {
        let mut table = table(&["invariant", "violations", ""]);
        table.set_width(80).add_row(vec![
            "one debit per message and one refund per debit ".repeat(5),
            "0".to_owned(),
            "✓".to_owned(),
        ]);
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }
}
