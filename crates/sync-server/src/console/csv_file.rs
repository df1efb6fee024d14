//! A table as a CSV file that a spreadsheet opens without running anything in it.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};

/// A table with the names of its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// The file's text. Every cell stands in quotation marks; one that a spreadsheet would take for
    /// a formula is marked as text.
    pub fn text(&self) -> String {
        let line = |cells: &Vec<String>| {
            let cells: Vec<_> = cells.iter().map(|cell| quoted(&guarded(cell))).collect();
            cells.join(",") + "\r\n"
        };
        std::iter::once(&self.columns).chain(&self.rows).map(line).collect()
    }

    /// The file as a download of this name.
    pub fn download(&self, name: &str) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
        ];
        (headers, self.text()).into_response()
    }
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

/// What begins like a formula begins with an apostrophe instead.
fn guarded(cell: &str) -> String {
    let is_number = cell.parse::<f64>().is_ok();
    if !is_number && cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        for (cell, written) in [
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("+cmd|' /C calc'!A0", "\"'+cmd|' /C calc'!A0\""),
            ("-2+3", "\"'-2+3\""),
            ("\t=1", "\"'\t=1\""),
            ("-2", "\"-2\""),
            ("North, \"A\"", "\"North, \"\"A\"\"\""),
        ] {
            let sheet =
                Sheet { columns: vec!["Team".to_owned()], rows: vec![vec![cell.to_owned()]] };
            assert_eq!(sheet.text(), format!("\"Team\"\r\n{written}\r\n"), "{cell}");
        }
    }
}
