//! Sealing to a public key: HPKE (RFC 9180) in base mode for one message, with X25519, HKDF-SHA256
//! and ChaCha20-Poly1305. Whoever seals cannot open again what was sealed. No other suite or mode.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use curve25519_dalek::MontgomeryPoint;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a key, public or private, and of what a sealed message begins with.
pub const KEY_BYTES: usize = 32;

/// DHKEM(X25519, HKDF-SHA256).
const KEM: &[u8] = b"KEM\x00\x20";
/// The same with HKDF-SHA256 and ChaCha20-Poly1305.
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x03";

/// The public half of a private key.
pub fn public_key(private: &[u8; KEY_BYTES]) -> [u8; KEY_BYTES] {
    MontgomeryPoint::mul_base_clamped(*private).to_bytes()
}

/// Seals `text` to a public key. `ephemeral` is secret and serves for one message only; `info` and
/// `aad` have to be the same when it is opened. None where the public key is not one.
pub fn seal(
    to: &[u8; KEY_BYTES],
    ephemeral: &[u8; KEY_BYTES],
    (info, aad): (&[u8], &[u8]),
    text: &[u8],
) -> Option<Vec<u8>> {
    let enc = public_key(ephemeral);
    let shared = shared(ephemeral, to, [&enc, to])?;
    let (cipher, nonce) = schedule(&shared, info);
    let sealed = cipher.encrypt(&nonce, Payload { msg: text, aad }).ok()?;
    Some([enc.as_slice(), &sealed].concat())
}

/// Opens what was sealed to the public half of `private`; none where it was not, or was changed.
pub fn open(
    private: &[u8; KEY_BYTES],
    (info, aad): (&[u8], &[u8]),
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (enc, sealed) = sealed.split_first_chunk::<KEY_BYTES>()?;
    let shared = shared(private, enc, [enc, &public_key(private)])?;
    let (cipher, nonce) = schedule(&shared, info);
    cipher.decrypt(&nonce, Payload { msg: sealed, aad }).ok().map(Zeroizing::new)
}

/// The secret of both sides (section 4.1), bound to both public keys.
fn shared(
    private: &[u8; KEY_BYTES],
    public: &[u8; KEY_BYTES],
    context: [&[u8; KEY_BYTES]; 2],
) -> Option<Zeroizing<[u8; 32]>> {
    let agreed = Zeroizing::new(MontgomeryPoint(*public).mul_clamped(*private).to_bytes());
    if *agreed == [0; 32] {
        return None;
    }
    let secret = extract(KEM, &[], b"eae_prk", agreed.as_slice());
    Some(expand(KEM, &secret, b"shared_secret", &context.map(<[u8; KEY_BYTES]>::as_slice).concat()))
}

/// Key and nonce of the only message (section 5.1, base mode).
fn schedule(shared: &[u8; 32], info: &[u8]) -> (ChaCha20Poly1305, Nonce) {
    let no_psk = extract(SUITE, &[], b"psk_id_hash", &[]);
    let info = extract(SUITE, &[], b"info_hash", info);
    let context = [&[0], no_psk.as_slice(), info.as_slice()].concat();
    let secret = extract(SUITE, shared, b"secret", &[]);
    let key: Zeroizing<[u8; 32]> = expand(SUITE, &secret, b"key", &context);
    let nonce: Zeroizing<[u8; 12]> = expand(SUITE, &secret, b"base_nonce", &context);
    let cipher = ChaCha20Poly1305::new_from_slice(key.as_slice()).expect("a key has 32 bytes");
    (cipher, Nonce::from(*nonce))
}

/// `LabeledExtract`.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], secret: &[u8]) -> Zeroizing<[u8; 32]> {
    hash(salt, &[b"HPKE-v1", suite, label, secret])
}

/// `LabeledExpand`, for no more than one block of the hash.
fn expand<const N: usize>(
    suite: &[u8],
    secret: &[u8; 32],
    label: &[u8],
    info: &[u8],
) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 32, "one block of SHA-256") };
    let length = [0, u8::try_from(N).unwrap_or(u8::MAX)];
    let block = hash(secret, &[&length, b"HPKE-v1", suite, label, info, &[1]]);
    let mut bytes = Zeroizing::new([0; N]);
    bytes.copy_from_slice(&block[..N]);
    bytes
}

fn hash(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut mac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("a key of any length will do");
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(digits: &str) -> [u8; N] {
        hex::decode(digits).unwrap().try_into().unwrap()
    }

    const INFO: &[u8] = b"Ode on a Grecian Urn";
    const TEXT: &[u8] = b"Beauty is truth, truth beauty";

    fn recipient() -> [u8; 32] {
        bytes("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")
    }

    fn ephemeral() -> [u8; 32] {
        bytes("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600")
    }

    /// RFC 9180, A.2.1.
    #[test]
    fn gives_what_the_rfc_says() {
        let public = public_key(&recipient());
        let said = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
        assert_eq!(hex::encode(public), said);
        let sealed = seal(&public, &ephemeral(), (INFO, b"Count-0"), TEXT).unwrap();
        let said = concat!(
            "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db",
            "21993c62ce81883d2dd1b51a28",
        );
        assert_eq!(hex::encode(&sealed), said);
        let opened = open(&recipient(), (INFO, b"Count-0"), &sealed).unwrap();
        assert_eq!(opened.as_slice(), TEXT);
    }

    #[test]
    fn opens_only_what_was_sealed_so_and_with_the_right_key() {
        let public = public_key(&recipient());
        let sealed = seal(&public, &ephemeral(), (INFO, b"1"), TEXT).unwrap();
        assert!(open(&recipient(), (INFO, b"2"), &sealed).is_none());
        assert!(open(&recipient(), (b"other", b"1"), &sealed).is_none());
        assert!(open(&ephemeral(), (INFO, b"1"), &sealed).is_none());
        for place in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(open(&recipient(), (INFO, b"1"), &damaged).is_none(), "{place}");
            assert!(open(&recipient(), (INFO, b"1"), &sealed[..place]).is_none(), "{place}");
        }
    }

    #[test]
    fn a_public_key_that_is_none_is_refused() {
        assert!(seal(&[0; 32], &ephemeral(), (INFO, b""), TEXT).is_none());
        let nobody = [[0; 32].as_slice(), TEXT].concat();
        assert!(open(&recipient(), (INFO, b""), &nobody).is_none());
    }
}
