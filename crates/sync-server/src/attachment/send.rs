//! How an attachment's bytes go out: as a stream that holds one piece at a time, under headers with
//! which a browser saves it and never runs or draws it in the page's name.

use std::ops::Range;

use axum::http::{HeaderMap, HeaderValue, header};
use futures_util::{Stream, stream};

use super::{AttachmentKey, bytes_of};
use crate::store::attachments::Upload;
use crate::store::{Db, StoreError, Tx};

/// The policy of a download: should a browser draw it all the same, it runs and loads nothing.
const SANDBOX: &str = "sandbox; default-src 'none'";

/// The bytes of an attachment within `range`, piece by piece, each read when it is wanted.
pub fn stream(
    db: Db,
    upload: Upload,
    range: Range<u64>,
    key: AttachmentKey,
) -> impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + 'static {
    stream::try_unfold(range, move |range| {
        let (db, upload, key) = (db.clone(), upload.clone(), key.clone());
        async move {
            if range.is_empty() {
                return Ok(None);
            }
            let wanted = range.clone();
            let look = move |tx: &dyn Tx| bytes_of(tx, &upload, &wanted, &key);
            let piece = db.read(look).await?;
            let next = range.start + piece.len() as u64..range.end;
            Ok(Some((piece, next)))
        }
    })
}

/// The headers of a download of `bytes` bytes under this name.
pub fn headers(upload: &Upload, file_name: &str, bytes: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let text =
        |text: &str| HeaderValue::from_str(text).expect("words and digits are visible ASCII");
    headers.insert(header::CONTENT_TYPE, text(upload.media_type.as_str()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    headers.insert(header::ACCEPT_RANGES, text("bytes"));
    headers.insert(header::ETAG, text(&format!("\"{}\"", upload.hash)));
    headers.insert(header::CACHE_CONTROL, text("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, text("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, text(SANDBOX));
    let disposition = text(&format!("attachment; filename=\"{file_name}\""));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers
}
