//! A child's page offers what is attached to the records, and gives it to nobody else.

use axum::http::StatusCode;
use doorstep_core::attachment::MediaType;
use doorstep_core::ids::DeviceId;
use doorstep_core::seal::Hash;
use serde_json::json;

use super::office::{MARGARET, OMAR, Office, event, id};
use super::{assert_leads_to_sign_in, child};
use crate::config::Config;
use crate::store::attachments::{Chunk, Upload};
use crate::store::{StoreError, Tx};

/// A record that names a letter.
pub fn attach(tx: &mut dyn Tx, hash: Hash) -> Result<(), StoreError> {
    let at = "2026-03-02T10:00:00Z";
    let named = json!([
        { "hash": hash, "media_type": "application/pdf", "bytes": 17, "shows": "letter" },
    ]);
    let what = json!({ "type": "further-attempt", "attachments": named });
    tx.append(&[event(0x77, at, at, &what)]).map(drop)
}

/// Its bytes.
pub fn arrive(tx: &mut dyn Tx, hash: Hash, key_id: &str, sealed: &[u8]) -> Result<(), StoreError> {
    let upload = Upload {
        number: 0,
        hash,
        device: DeviceId(id(0x41)),
        media_type: MediaType::Pdf,
        bytes: 17,
        received: 0,
        key_id: key_id.to_owned(),
        touched: chrono::DateTime::UNIX_EPOCH,
        is_complete: false,
        backed_up: false,
    };
    let number = tx.begin_upload(&upload)?;
    let chunk = Chunk { at: 0, sealed: sealed.to_vec() };
    tx.add_chunk(number, &chunk, 17, chrono::DateTime::UNIX_EPOCH)?;
    tx.complete_upload(number, MediaType::Pdf)?;
    tx.put_sender(hash, upload.device)
}

#[tokio::test]
async fn a_letter_is_a_download_for_whoever_may_open_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { data: folder.path().to_owned(), ..Config::default() };
    let office = Office::open_with(config).await;
    let letter = b"%PDF-1.7 a letter".to_vec();
    let hash = Hash::of(&letter);
    office.write(move |tx| attach(tx, hash)).await;
    let path = format!("{}/attachments/{hash}", child());
    let session = office.sign_in("margaret").await;
    let page = office.get(&child(), &session).await.text;
    assert!(page.contains("Letter, PDF, 17 bytes: not yet arrived"), "{page}");
    assert_eq!(office.get(&path, &session).await.status, StatusCode::NOT_FOUND);

    let (key, ambient) = (office.state.attachment_key().unwrap(), office.state.ambient.clone());
    let sealed = key.seal(&ambient, hash, 0, &letter);
    office.write(move |tx| arrive(tx, hash, &key.id(), &sealed)).await;
    let page = office.get(&child(), &session).await.text;
    assert!(page.contains(&format!("href=\"{path}\">Letter, PDF, 17 bytes</a>")), "{page}");
    let answer = office.get(&path, &session).await;
    assert_eq!((answer.status, answer.text.as_bytes()), (StatusCode::OK, letter.as_slice()));
    let name = format!("attachment; filename=\"letter-{}.pdf\"", &hash.to_string()[..8]);
    for (header, value) in [
        ("content-type", "application/pdf"),
        ("content-disposition", &name),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.headers[header], value);
    }
    assert_eq!(office.accesses().await[0], (MARGARET, "attachment".to_owned()));

    let other = office.sign_in("omar").await;
    let refused = office.get(&path, &other).await;
    let nothing = office.get("/nothing-here", &other).await;
    assert_eq!((refused.status, refused.text), (StatusCode::NOT_FOUND, nothing.text));
    assert_eq!(office.accesses().await[0], (OMAR, "refused: attachment".to_owned()));
    for wrong in [Hash([1; 32]).to_string(), "x".to_owned()] {
        let path = format!("{}/attachments/{wrong}", child());
        assert_eq!(office.get(&path, &session).await.status, StatusCode::NOT_FOUND);
    }
    assert_leads_to_sign_in(&office.get(&path, "").await, &path);
}
