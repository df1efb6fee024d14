//! Other keys for the server, one kind at a time. Each is done by a command that holds the folder
//! alone, so that no running server goes on with the key of before; what breaks off halfway keeps
//! the server from starting, and is gone on with by the same command.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use doorstep_core::seal::{Hash, SigningKey};
use doorstep_core::wire::key_mark;
use zeroize::Zeroizing;

use crate::ambient::Ambient;
use crate::attachment::key_file;
use crate::config::{Secret, SecretError};
use crate::factor_key::Sealing;
use crate::head;
use crate::store::accounts::SecondFactor;
use crate::store::{Db, StoreError, Tx};

/// Random bytes of a webhook's secret.
const WEBHOOK_SECRET_BYTES: usize = 32;

/// The key that signs how the logs stand was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The mark of the old key, as devices show it.
    pub old: String,
    /// The mark of the new one: whoever is asked by a device's person compares it.
    pub new: String,
    /// Second factors that are sealed with the new key.
    pub factors: usize,
    /// Those that the old key did not open: their people set codes up again.
    pub unopened: usize,
}

/// Makes a new key for the signed heads, and seals the second factors with it. The public half of
/// the old one stays, so that heads that devices kept of it can be verified.
pub async fn signing(db: &Db, folder: &Path, ambient: &Ambient) -> Result<Signing, StoreError> {
    let file = folder.join(head::KEY_FILE);
    let old = match key_file::read(&file)? {
        Some(bytes) => SigningKey::from_bytes(&bytes),
        None => head::read_or_make(folder, ambient)?,
    };
    let next = folder.join(key_file::next(head::KEY_FILE));
    let bytes = key_file::read_or_make(&next, || ambient.random())?;
    let new = SigningKey::from_bytes(&bytes);
    let (from, to, chance) = (Sealing::with(&old), Sealing::with(&new), ambient.clone());
    let work = move |tx: &mut dyn Tx| {
        let (mut factors, mut unopened) = (0, 0);
        for factor in tx.second_factors()? {
            if to.open(factor.person, &factor.secret).is_some() {
                factors += 1;
            } else if let Some(secret) = from.open(factor.person, &factor.secret) {
                let secret = to.seal_bytes(factor.person, &secret, chance.random());
                tx.put_second_factor(&SecondFactor { secret, ..factor })?;
                factors += 1;
            } else {
                unopened += 1;
            }
        }
        Ok::<_, StoreError>((factors, unopened))
    };
    let (factors, unopened) = db.write(work).await?;
    head::keep_public(folder, &old.verifying_key())?;
    key_file::take_over(&next, &file)?;
    let mark = |key: &SigningKey| key_mark(Hash(key.verifying_key().to_bytes()));
    Ok(Signing { old: mark(&old), new: mark(&new), factors, unopened })
}

/// Ends every session of the console: everybody signs in again.
pub async fn sessions(db: &Db, ambient: &Ambient) -> Result<(), StoreError> {
    let all = ambient.now() + TimeDelta::days(1);
    db.write(move |tx: &mut dyn Tx| tx.end_stale_sessions(all, all)).await
}

/// Why the secret of the webhook was not changed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is none to change.
    #[error("webhook_secret_file is not set: there is no secret to change")]
    None,
    /// It cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was done with the secret of the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// A second one stands below the first, and each request is signed with both.
    Added {
        /// The new one, for the receiver.
        secret: Secret,
    },
    /// The first one is gone.
    Ended,
}

/// Adds a second secret; where there are two, ends the first.
pub fn webhook(file: Option<&PathBuf>, ambient: &Ambient) -> Result<Webhook, WebhookError> {
    use base64::Engine as _;
    let file = file.ok_or(WebhookError::None)?;
    let held = Secret::read(file)?;
    let lines: Vec<&str> = held.reveal().lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    if let [_, .., last] = lines.as_slice() {
        key_file::replace(file, last)?;
        return Ok(Webhook::Ended);
    }
    let bytes = Zeroizing::new(ambient.random::<WEBHOOK_SECRET_BYTES>());
    let fresh = base64::prelude::BASE64_STANDARD.encode(bytes.as_slice());
    let fresh = Zeroizing::new(format!("whsec_{fresh}"));
    let both = Zeroizing::new(format!("{}\n{}", held.reveal(), fresh.as_str()));
    key_file::replace(file, &both)?;
    Ok(Webhook::Added { secret: Secret::new(&fresh) })
}

#[cfg(test)]
mod tests {
    use doorstep_core::ids::PersonId;

    use super::*;
    use crate::console::accounts;
    use crate::testing::{Bench, MONDAY};

    async fn factor(bench: &Bench, person: PersonId) -> SecondFactor {
        bench.state.db.read(move |tx| tx.second_factor(person)).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn another_signing_key_opens_the_second_factors_and_the_old_one_does_not() {
        let bench = Bench::new().await;
        let (ann, ben) = (bench.person("ann").await, bench.person("ben").await);
        let (db, folder, ambient) = (&bench.state.db, bench.folder.path(), &bench.state.ambient);
        let old = bench.state.head_key().unwrap();
        for (person, key) in [(ann, &old), (ben, &SigningKey::from_bytes(&[8; 32]))] {
            let login = person.to_string();
            accounts::set_password(db, ambient, person, &login, "kettle orbit walnut")
                .await
                .unwrap();
            let secret = Sealing::with(key).seal(person, [7; 20], [9; 24]);
            let factor = SecondFactor { person, secret, confirmed: Some(MONDAY), last_step: 3 };
            db.write(move |tx: &mut dyn Tx| tx.put_second_factor(&factor)).await.unwrap();
        }
        // It broke off behind the second factors: a server does not start, the command goes on.
        let next = folder.join(key_file::next(head::KEY_FILE));
        let made = key_file::read_or_make(&next, || [6; 32]).unwrap();
        let made = SigningKey::from_bytes(&made);
        let secret = Sealing::with(&made).seal(ann, [7; 20], [9; 24]);
        let sealed = SecondFactor { secret, ..factor(&bench, ann).await };
        db.write(move |tx: &mut dyn Tx| tx.put_second_factor(&sealed)).await.unwrap();
        let refused = format!("{:?}", head::read_or_make(folder, ambient).unwrap_err());
        assert!(refused.contains("rotate-key"), "{refused}");

        let done = signing(db, folder, ambient).await.unwrap();
        assert_eq!((done.factors, done.unopened), (1, 1), "one was sealed with neither");
        let new = head::read_or_make(folder, ambient).unwrap();
        assert!(new != old && new.to_bytes() == made.to_bytes());
        let kept = factor(&bench, ann).await;
        assert_eq!((kept.confirmed, kept.last_step), (Some(MONDAY), 3));
        let opened = Sealing::with(&new).open(ann, &kept.secret);
        assert_eq!(opened.as_deref(), Some(&[7; 20][..]));
        assert_eq!(Sealing::with(&old).open(ann, &kept.secret), None);
        let public = head::public(folder).unwrap();
        assert_eq!(public, [new.verifying_key(), old.verifying_key()]);
        assert_ne!(done.old, done.new);
        signing(db, folder, ambient).await.unwrap();
        assert_eq!(head::public(folder).unwrap().len(), 3, "each before it is known");
    }

    #[tokio::test]
    async fn the_secret_of_the_webhook_stands_beside_the_old_one_and_then_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let bench = Bench::new().await;
        let (file, ambient) = (bench.folder.path().join("webhook"), &bench.state.ambient);
        assert!(matches!(webhook(None, ambient), Err(WebhookError::None)));
        key_file::replace(&file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let Webhook::Added { secret } = webhook(Some(&file), ambient).unwrap() else {
            panic!("there was one");
        };
        assert!(!format!("{secret:?}").contains("whsec_"));
        let both = std::fs::read_to_string(&file).unwrap();
        let both: Vec<_> = both.lines().collect();
        assert_eq!(both, ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", secret.reveal()]);
        assert_eq!(webhook(Some(&file), ambient).unwrap(), Webhook::Ended);
        assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), secret.reveal());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(webhook(Some(&file), ambient), Err(WebhookError::Secret(_))));
    }
}
