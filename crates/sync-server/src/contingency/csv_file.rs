//! A list as CSV (RFC 4180) that a spreadsheet opens without running anything.

use super::Sheet;

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The text of the file. It begins with a mark that says UTF-8 to a spreadsheet.
pub fn text(sheet: &Sheet) -> String {
    let mut text = String::from("\u{feff}");
    line(&mut text, sheet.head.iter().copied());
    for row in &sheet.rows {
        line(&mut text, row.iter().map(String::as_str));
    }
    text
}

fn line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push('"');
        // A text that would be a formula is told to be one by the apostrophe.
        if cell.trim_start_matches(' ').starts_with(FORMULA) {
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\"").replace(['\r', '\n'], " "));
        text.push('"');
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_a_formula_or_another_cell() {
        for (cell, written) in [
            ("Amira", "\"Amira\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            (" +44 7700", "\"' +44 7700\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("a,b\r\nc", "\"a,b  c\""),
        ] {
            let sheet = Sheet {
                name: "n",
                title: "t",
                hint: "",
                head: &["head"],
                rows: vec![vec![cell.to_owned()]],
            };
            assert_eq!(text(&sheet), format!("\u{feff}\"head\"\r\n{written}\r\n"), "{cell:?}");
        }
    }
}
