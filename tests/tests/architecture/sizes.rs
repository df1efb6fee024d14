//! How long a file, a function and a line may be.

use doorstep_tests::tree::{self, TextFile};
use syn::visit::Visit;

const FILE_LINES_MAX: usize = 500;
const TEST_FILE_LINES_MAX: usize = 1000;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_COLUMNS_MAX: usize = 100;

/// Files that are longer for now: path, lines, why. A number here only ever goes down.
const LONGER_FILES: &[(&str, usize, &str)] = &[];

/// Lines of a file without its tests.
fn file_is_short(file: &TextFile) -> Vec<String> {
    let exception = LONGER_FILES.iter().find(|(path, ..)| *path == file.path);
    let is_test = file.path.contains("/tests/");
    let usual = if is_test { TEST_FILE_LINES_MAX } else { FILE_LINES_MAX };
    let limit = exception.map_or(usual, |(_, lines, _)| *lines);
    let lines = file.before_tests().count();
    let fault = format!("{}: {lines} lines without tests; the limit is {limit}", file.path);
    if lines > limit { vec![fault] } else { Vec::new() }
}

/// Columns of each line without the tests: they hold frozen examples, which are not wrapped.
fn lines_are_narrow(file: &TextFile) -> Vec<String> {
    file.before_tests()
        .filter(|(_, line)| line.chars().count() > LINE_COLUMNS_MAX)
        .map(|(number, line)| format!("{}:{number}: {} columns", file.path, line.chars().count()))
        .collect()
}

/// Lines of each function, tests apart: those may be tables.
fn functions_are_short(file: &TextFile) -> Vec<String> {
    let parsed = match syn::parse_file(&file.text) {
        Ok(parsed) => parsed,
        Err(error) => return vec![format!("{}: {error}", file.path)],
    };
    let mut functions = Functions::default();
    functions.visit_file(&parsed);
    functions
        .found
        .into_iter()
        .filter(|(.., lines)| *lines > FUNCTION_LINES_MAX)
        .map(|(name, line, lines)| format!("{}:{line}: `{name}` has {lines} lines", file.path))
        .collect()
}

/// Every function that is not a test: its name, its first line and how many lines it has.
#[derive(Default)]
struct Functions {
    found: Vec<(String, usize, usize)>,
}

impl Functions {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        self.found.push((signature.ident.to_string(), first, last + 1 - first));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            self.measure(&item.sig, &item.block);
            syn::visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig, block);
        }
        syn::visit::visit_trait_item_fn(self, item);
    }
}

/// `#[cfg(test)]`, `#[test]`, `#[tokio::test]`.
pub fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last().map(|segment| segment.ident.to_string());
        match last.as_deref() {
            Some("test") => true,
            Some("cfg") => attribute.parse_args::<syn::Path>().is_ok_and(|it| it.is_ident("test")),
            _ => false,
        }
    })
}

fn rust_files() -> impl Iterator<Item = TextFile> {
    tree::files().into_iter().filter(|file| file.has_extension(&["rs"]))
}

#[test]
fn no_file_is_too_long() {
    super::none(&rust_files().flat_map(|file| file_is_short(&file)).collect::<Vec<_>>());
}

#[test]
fn no_exception_from_the_length_of_a_file_is_out_of_date() {
    for (path, lines, why) in LONGER_FILES {
        let now = tree::read(path).before_tests().count();
        assert_eq!(now, *lines, "{path} ({why}) changed: write its length here, or take it out");
    }
}

#[test]
fn no_line_is_too_wide() {
    let scripts = tree::files().into_iter().filter(|file| file.path.starts_with("setup/"));
    let files = rust_files().chain(scripts);
    super::none(&files.flat_map(|file| lines_are_narrow(&file)).collect::<Vec<_>>());
}

#[test]
fn no_function_is_too_long() {
    super::none(&rust_files().flat_map(|file| functions_are_short(&file)).collect::<Vec<_>>());
}

/// A rule: the faults of one file.
type Check = fn(&TextFile) -> Vec<String>;

#[test]
fn planted_faults_are_found() {
    let lines = |count| "let x = 1;\n".repeat(count);
    let function = |count| format!("fn f() {{\n{}}}\n", lines(count));
    let method = |count| format!("impl A {{ fn f(&self) {{\n{}}} }}\n", lines(count));
    let test_module = |text: String| format!("#[cfg(test)]\nmod tests {{\n{text}}}\n");
    let table: &[(&str, Check, String, usize)] = &[
        ("a file at the limit", file_is_short, lines(500), 0),
        ("a file beyond it", file_is_short, lines(501), 1),
        ("tests do not count", file_is_short, test_module(lines(501)), 0),
        ("a line at the limit", lines_are_narrow, "x".repeat(100), 0),
        ("a line beyond it", lines_are_narrow, "x".repeat(101), 1),
        ("letters count, not bytes", lines_are_narrow, "é".repeat(100), 0),
        ("a function at the limit", functions_are_short, function(68), 0),
        ("a function beyond it", functions_are_short, function(69), 1),
        ("a method beyond it", functions_are_short, method(69), 1),
        ("a test may be a table", functions_are_short, format!("#[test]\n{}", function(99)), 0),
        ("a test module may, too", functions_are_short, test_module(function(99)), 0),
        ("a file that is not Rust", functions_are_short, "fn".to_owned(), 1),
    ];
    for (name, check, text, faults) in table {
        let found = check(&TextFile::planted("planted.rs", text));
        assert_eq!(found.len(), *faults, "{name}: {found:?}");
    }
}
