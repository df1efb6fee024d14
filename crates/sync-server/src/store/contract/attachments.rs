//! The laws of attachments in a store.

use chrono::TimeDelta;
use doorstep_core::attachment::MediaType;
use doorstep_core::seal::Hash;

use super::{Db, device, event, furnish, set_aside};
use crate::store::attachments::{Chunk, Upload};
use crate::store::devices::Device;
use crate::store::log::LoggedEvent;
use crate::store::{StoreError, Tx};
use crate::testing::MONDAY;

/// Runs them, each on a store of its own.
pub async fn all(fresh: &mut impl FnMut() -> Db) {
    one_upload_of_a_hash_is_complete(&fresh()).await;
    an_upload_goes_with_its_pieces(&fresh()).await;
    what_an_event_names_is_known_once_it_is_in_the_log(&fresh()).await;
}

fn upload(hash: u8, device: &Device) -> Upload {
    Upload {
        number: 0,
        hash: Hash([hash; 32]),
        device: device.id,
        media_type: MediaType::Png,
        bytes: 10,
        received: 0,
        key_id: "key".into(),
        touched: MONDAY,
        is_complete: false,
        backed_up: false,
    }
}

/// Begins an upload and gives it all its bytes in two pieces.
fn fill(tx: &mut dyn Tx, upload: &Upload) -> Result<u64, StoreError> {
    let number = tx.begin_upload(upload)?;
    tx.add_chunk(number, &Chunk { at: 0, sealed: vec![1; 7] }, 4, MONDAY)?;
    tx.add_chunk(number, &Chunk { at: 4, sealed: vec![2; 9] }, 10, MONDAY)?;
    Ok(number)
}

async fn one_upload_of_a_hash_is_complete(db: &Db) {
    furnish(db).await;
    let (first, second) = (upload(1, &device(1)), upload(1, &device(2)));
    let write = move |tx: &mut dyn Tx| {
        tx.put_device(&device(2))?;
        let number = fill(tx, &first)?;
        tx.complete_upload(number, MediaType::Pdf)?;
        fill(tx, &second)
    };
    let number = db.write(write).await.expect("each device has an upload of its own");
    let complete = db.read(|tx| tx.attachment(Hash([1; 32]))).await.expect("reads").expect("is");
    assert_eq!((complete.device, complete.media_type), (device(1).id, MediaType::Pdf));
    assert_eq!((complete.received, complete.is_complete), (10, true));
    let twice = move |tx: &mut dyn Tx| tx.complete_upload(number, MediaType::Pdf);
    assert!(db.write(twice).await.is_err(), "one is complete already");
    let again = move |tx: &mut dyn Tx| tx.begin_upload(&upload(1, &device(2)));
    assert!(db.write(again).await.is_err(), "a device has one upload of a hash");
    assert_eq!(db.read(|tx| tx.attachments()).await.expect("reads"), [complete]);
}

async fn an_upload_goes_with_its_pieces(db: &Db) {
    furnish(db).await;
    let write = |tx: &mut dyn Tx| {
        Ok::<_, StoreError>([fill(tx, &upload(1, &device(1)))?, fill(tx, &upload(2, &device(1)))?])
    };
    let [gone, kept] = db.write(write).await.expect("writes");
    let at = |number, place| db.read(move |tx| tx.chunk_at(number, place));
    let found = at(kept, 9).await.expect("reads").expect("a piece");
    assert_eq!((found.at, found.sealed), (4, vec![2; 9]));
    assert_eq!(at(kept, 3).await.expect("reads").map(|chunk| chunk.at), Some(0));
    db.write(move |tx| tx.remove_upload(gone)).await.expect("removes");
    assert_eq!(at(gone, 0).await.expect("reads"), None);
    db.write(move |tx| tx.complete_upload(kept, MediaType::Png)).await.expect("completes");
    db.write(|tx| tx.begin_upload(&upload(3, &device(1)))).await.expect("begins");
    let later = MONDAY + TimeDelta::seconds(1);
    let expired = db.write(move |tx| tx.expire_uploads(later)).await.expect("expires");
    assert_eq!(expired, 1, "what is complete stays");
    assert_eq!(db.read(|tx| tx.unnamed_bytes(device(1).id)).await.expect("reads"), 10);
}

async fn what_an_event_names_is_known_once_it_is_in_the_log(db: &Db) {
    furnish(db).await;
    let named = Hash([7; 32]);
    let body = serde_json::json!({ "seq": 1, "attachments": [
        { "hash": named, "media_type": "image/png", "bytes": 10, "shows": "card" },
    ] });
    let body = body.to_string();
    let naming = LoggedEvent { hash: Hash::of(body.as_bytes()), body, ..event(1) };
    let write = move |tx: &mut dyn Tx| {
        let mut aside = set_aside(9, "unknown-type");
        aside.bytes = format!("{{\"hash\":\"{}\"}}", Hash([8; 32]));
        tx.set_aside(&aside)?;
        tx.append(&[naming.clone(), event(2)])
    };
    db.write(write).await.expect("appends");
    let author = event(1).device;
    assert!(db.read(move |tx| tx.names(author, named)).await.expect("reads"));
    let known = db.read(move |tx| tx.naming(named)).await.expect("reads");
    assert!(known.iter().all(|naming| !naming.is_sent), "nobody sent the bytes");
    for _ in 0..2 {
        db.write(move |tx| tx.put_sender(named, author)).await.expect("writes");
    }
    assert!(db.read(move |tx| tx.has_sent(named, author)).await.expect("reads"));
    let known = db.read(move |tx| tx.naming(named)).await.expect("reads");
    let known: Vec<_> =
        known.iter().map(|naming| (naming.position, naming.child, naming.is_sent)).collect();
    assert_eq!(known, [(1, event(1).child, true)]);
    assert_eq!(db.read(|tx| tx.not_arrived()).await.expect("reads"), [named]);
    for (hash, held) in [(Hash([8; 32]), true), (named, false)] {
        let look = move |tx: &dyn Tx| tx.set_aside_holds(device(1).id, &hash.to_string());
        assert_eq!(db.read(look).await.expect("reads"), held);
    }
}
