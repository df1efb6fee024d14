//! The module as the compiler wrote it, made into one that a browser can load.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use wasm_bindgen_cli_support::Bindgen;

/// The section in which the compiler says what the module uses. Without it the bindings are made
/// for another machine than the module's: it is what `strip = true` takes away.
const FEATURES: &str = "target_features";

/// The module and its glue.
pub struct Bound {
    /// What the shell imports.
    pub script: Vec<u8>,
    /// What that loads.
    pub module: Vec<u8>,
    /// Scripts that packages bring along, by the path under which the glue imports them.
    pub beside: Vec<(String, Vec<u8>)>,
}

/// Makes them.
pub fn bind(module: &Path) -> Result<Bound> {
    let bytes = std::fs::read(module)
        .with_context(|| format!("cannot read {}: run setup/field", module.display()))?;
    ensure!(
        custom_sections(&bytes)?.iter().any(|name| name == FEATURES),
        "{} was stripped, so it has no {FEATURES}: build it with strip = \"debuginfo\" at most",
        module.display()
    );
    let mut output = Bindgen::new()
        .input_bytes("door", bytes)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()?;
    let script = output.js().as_bytes().to_vec();
    let beside = beside(&output);
    Ok(Bound { script, module: output.wasm_mut().emit_wasm(), beside })
}

fn beside(output: &wasm_bindgen_cli_support::Output) -> Vec<(String, Vec<u8>)> {
    let inline = output.snippets().iter().flat_map(|(package, scripts)| {
        let path = move |number| format!("snippets/{package}/inline{number}.js");
        scripts.iter().enumerate().map(move |(number, script)| (path(number), script))
    });
    let modules = output.local_modules().iter();
    let modules = modules.map(|(path, script)| (format!("snippets/{path}"), script));
    inline.chain(modules).map(|(path, script)| (path, script.clone().into_bytes())).collect()
}

/// The names of a module's custom sections.
fn custom_sections(module: &[u8]) -> Result<Vec<String>> {
    let Some(mut rest) = module.strip_prefix(b"\0asm\x01\0\0\0") else {
        bail!("this is no WebAssembly module");
    };
    let mut names = Vec::new();
    while let Some((kind, after)) = rest.split_first() {
        let (size, after) = number(after)?;
        let section = after.get(..size).context("the module ends inside a section")?;
        if *kind == 0 {
            let (length, name) = number(section)?;
            let name = name.get(..length).context("a section ends inside its name")?;
            names.push(String::from_utf8_lossy(name).into_owned());
        }
        rest = &after[size..];
    }
    Ok(names)
}

/// An unsigned LEB128 number, and what follows.
fn number(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[at + 1..]));
        }
    }
    bail!("a number in the module has no end")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"\0asm\x01\0\0\0";

    fn module(sections: &[&str]) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        for name in sections {
            let length = u8::try_from(name.len()).unwrap();
            bytes.extend([0, length + 1, length]);
            bytes.extend(name.as_bytes());
        }
        bytes
    }

    #[test]
    fn finds_the_sections_of_a_module() {
        let names = custom_sections(&module(&["name", "target_features"])).unwrap();
        assert_eq!(names, ["name", "target_features"]);
        assert!(custom_sections(b"<html>").is_err());
        assert!(custom_sections(&[HEAD, &[0, 9, 1]].concat()).is_err());
    }

    #[test]
    fn refuses_a_module_that_was_stripped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("door.wasm");
        std::fs::write(&file, module(&["name"])).unwrap();
        let fault = bind(&file).err().unwrap().to_string();
        assert!(fault.contains("was stripped"), "{fault}");
    }
}
