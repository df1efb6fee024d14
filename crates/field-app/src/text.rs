//! The words of the pages: Fluent messages in `wording/`, by key.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

/// The files of the wording, with their names for messages about them.
pub const FILES: [(&str, &str); 5] = [
    ("app.ftl", include_str!("../wording/app.ftl")),
    ("child.ftl", include_str!("../wording/child.ftl")),
    ("device.ftl", include_str!("../wording/device.ftl")),
    ("record.ftl", include_str!("../wording/record.ftl")),
    ("today.ftl", include_str!("../wording/today.ftl")),
];

/// The words under a key, with what they speak of: `text!("today-count", count = 3)`.
macro_rules! text {
    ($key:expr) => {
        $crate::text::find($key, None)
    };
    ($key:expr, $($name:ident = $value:expr),+ $(,)?) => {{
        let mut values = fluent_bundle::FluentArgs::new();
        $(values.set(stringify!($name), $value);)+
        $crate::text::find($key, Some(&values))
    }};
}
pub(crate) use text;

/// The words under a key; the key itself where there are none, which a test rules out.
pub fn find(key: &str, values: Option<&FluentArgs<'_>>) -> String {
    let bundle = bundle();
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        debug_assert!(false, "the wording has no \"{key}\"");
        return key.to_owned();
    };
    let mut errors = Vec::new();
    let words = bundle.format_pattern(pattern, values, &mut errors).into_owned();
    debug_assert!(errors.is_empty(), "the wording of \"{key}\" asks for more: {errors:?}");
    words
}

fn bundle() -> &'static FluentBundle<FluentResource> {
    static BUNDLE: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let english = "en-GB".parse().expect("the tag is a constant");
        let mut bundle = FluentBundle::new_concurrent(vec![english]);
        // The marks around values are for mixed directions of writing, and would be copied along.
        bundle.set_use_isolating(false);
        for (name, text) in FILES {
            // A broken line is left out, and the test of the keys tells which.
            let file = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(file, errors)| {
                debug_assert!(errors.is_empty(), "{name}: {errors:?}");
                file
            });
            let added = bundle.add_resource(file);
            debug_assert!(added.is_ok(), "{name} has a key that is there already: {added:?}");
        }
        bundle
    })
}
