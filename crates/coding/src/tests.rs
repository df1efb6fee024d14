//! What is coded comes back; what is not sound is refused before it costs anything.

use super::*;

const LIMIT: usize = 64 * 1024;

fn chosen(coding: Coding, with_dictionary: bool) -> Chosen {
    Chosen { coding, dictionary: with_dictionary.then(|| &DICTIONARIES[0]) }
}

fn request() -> Vec<u8> {
    br#"{"protocol":1,"app":"doorstep 0.1.0","clock":{"wall":"2026-03-02T10:09:00Z"},"epoch":1,
        "first_seq":1,"events":[],"unsent_beyond":0,"cursor":"1.22.3.1"}"#
        .to_vec()
}

#[test]
fn what_was_coded_is_expanded_to_the_same_bytes() {
    for plain in [Vec::new(), b"{}".to_vec(), request(), request().repeat(300)] {
        for with in [
            chosen(Coding::Identity, false),
            chosen(Coding::Gzip, false),
            chosen(Coding::Zstd, false),
            chosen(Coding::Zstd, true),
        ] {
            let (coding, coded) = encode(with, plain.clone());
            assert!(coded.len() <= plain.len(), "{with:?}");
            assert_eq!(decode(coding, &coded, LIMIT).unwrap(), plain, "{with:?}");
        }
    }
}

#[test]
fn the_dictionary_halves_a_small_request() {
    let sizes = [false, true].map(|with| encode(chosen(Coding::Zstd, with), request()).1.len());
    assert!(sizes[1] * 2 <= sizes[0], "{sizes:?}");
}

#[test]
fn a_body_that_expands_too_far_is_refused() {
    let large = vec![b' '; LIMIT + 1];
    let fits = vec![b' '; LIMIT];
    for with in [
        chosen(Coding::Identity, false),
        chosen(Coding::Gzip, false),
        chosen(Coding::Zstd, false),
        chosen(Coding::Zstd, true),
    ] {
        let (coding, coded) = encode(with, large.clone());
        let refused = decode(coding, &coded, LIMIT).unwrap_err();
        assert_eq!(refused, DecodeError::TooLarge { limit: LIMIT }, "{with:?}");
        let (coding, coded) = encode(with, fits.clone());
        assert_eq!(decode(coding, &coded, LIMIT).unwrap().len(), LIMIT, "{with:?}");
    }
    // One that does not say how much it holds, and one of several parts, are found out as well.
    let mut streamed = Vec::new();
    let mut encoder = zstd::stream::read::Encoder::new(large.as_slice(), 3).unwrap();
    encoder.read_to_end(&mut streamed).unwrap();
    assert!(matches!(zstd_safe::get_frame_content_size(&streamed), Ok(None)));
    let halves = [fits.as_slice(), b"  "].map(|part| zstd::bulk::compress(part, 3).unwrap());
    let gzips = [fits.as_slice(), b"  "].map(|part| gzip(part).unwrap());
    for (coding, bomb) in
        [(Coding::Zstd, streamed), (Coding::Zstd, halves.concat()), (Coding::Gzip, gzips.concat())]
    {
        let refused = decode(coding, &bomb, LIMIT).unwrap_err();
        assert_eq!(refused, DecodeError::TooLarge { limit: LIMIT }, "{coding:?}");
    }
}

#[test]
fn a_frame_that_wants_a_larger_window_than_the_standard_allows_is_refused() {
    let mut encoder = zstd::stream::read::Encoder::new(&b"{}"[..], 3).unwrap();
    encoder.set_parameter(zstd_safe::CParameter::WindowLog(24)).unwrap();
    let mut coded = Vec::new();
    encoder.read_to_end(&mut coded).unwrap();
    let refused = decode(Coding::Zstd, &coded, LIMIT).unwrap_err();
    assert_eq!(refused, DecodeError::Damaged { coding: Coding::Zstd });
}

#[test]
fn what_is_cut_off_or_changed_or_something_else_is_refused() {
    for with in
        [chosen(Coding::Gzip, false), chosen(Coding::Zstd, false), chosen(Coding::Zstd, true)]
    {
        let (coding, coded) = encode(with, request());
        assert_eq!(coding, with.coding);
        let damaged = DecodeError::Damaged { coding };
        for broken in [&coded[..coded.len() - 1], &coded[..coded.len() / 2], b"{\"a\":1}"] {
            assert_eq!(decode(coding, broken, LIMIT).unwrap_err(), damaged, "{with:?}");
        }
        let trailing = [&coded, &b"rest"[..]].concat();
        let found = decode(coding, &trailing, LIMIT);
        assert!(found.is_err() || found.is_ok_and(|plain| *plain == *request()), "{with:?}");
    }
}

#[test]
fn a_dictionary_that_is_not_known_is_named() {
    let mut file = DICTIONARIES[0].bytes.to_vec();
    file[4..8].copy_from_slice(&40_999_u32.to_le_bytes());
    let coded = zstd::bulk::Compressor::with_dictionary(3, &file).unwrap().compress(&request());
    let refused = decode(Coding::Zstd, &coded.unwrap(), LIMIT).unwrap_err();
    assert_eq!(refused, DecodeError::Dictionary { id: 40_999 });
}

#[test]
fn each_dictionary_has_its_number_in_the_file_and_never_changes() {
    let frozen = [(40_001, "d98d1b98ff0cbfe2ab6ccdee4f60abfe8720e27c360c503e28ee2db65b90c2be")];
    assert_eq!(DICTIONARIES.len(), frozen.len(), "a dictionary that was released stays");
    for (dictionary, (id, hash)) in DICTIONARIES.iter().zip(frozen) {
        assert_eq!(dictionary.id, id);
        assert_eq!(zstd_safe::get_dict_id_from_dict(dictionary.bytes).map(u32::from), Some(id));
        assert_eq!(doorstep_core::seal::Hash::of(dictionary.bytes).to_string(), hash, "{id}");
    }
}

#[test]
fn the_best_coding_that_the_other_side_takes_is_chosen() {
    let known = DICTIONARIES[0].id.to_string();
    let both = format!("7, {known}");
    for (accept, dictionaries, coding, with_dictionary) in [
        (None, Some(known.as_str()), Coding::Identity, false),
        (Some(""), None, Coding::Identity, false),
        (Some("gzip"), Some(known.as_str()), Coding::Gzip, false),
        (Some("x-gzip"), None, Coding::Gzip, false),
        (Some("zstd"), None, Coding::Zstd, false),
        (Some("gzip, deflate, br, zstd"), Some("7"), Coding::Zstd, false),
        (Some("zstd, gzip"), Some(both.as_str()), Coding::Zstd, true),
        (Some("ZSTD;q=0.5, gzip;q=0.8"), None, Coding::Gzip, false),
        (Some("gzip;q=0.5, zstd;q=0.500"), None, Coding::Zstd, false),
        (Some("zstd;q=0, gzip"), None, Coding::Gzip, false),
        (Some("*"), None, Coding::Zstd, false),
        (Some("zstd;q=0, *;q=0.1"), None, Coding::Gzip, false),
        (Some("identity, gzip;q=0.5"), None, Coding::Identity, false),
        (Some("identity;q=0"), None, Coding::Identity, false),
        (Some("gzip;q=2, br"), None, Coding::Identity, false),
        (Some("br;q=nonsense, compress"), None, Coding::Identity, false),
    ] {
        let found = Chosen::of(accept, dictionaries);
        assert_eq!(found, chosen(coding, with_dictionary), "{accept:?} {dictionaries:?}");
    }
}

#[test]
fn after_a_refusal_something_else_is_tried_and_at_last_nothing() {
    let hopeful = Chosen::hopeful();
    assert_eq!(hopeful, chosen(Coding::Zstd, true));
    for (accept, dictionaries, next) in [
        (Some("zstd, gzip"), Some("50000"), chosen(Coding::Zstd, false)),
        (Some("gzip"), None, chosen(Coding::Gzip, false)),
        (None, None, Chosen::PLAIN),
        // A server that does not know what it says is not asked the same again.
        (Some("zstd"), Some("40001"), Chosen::PLAIN),
    ] {
        assert_eq!(hopeful.after_refusal(accept, dictionaries), next, "{accept:?}");
    }
}
