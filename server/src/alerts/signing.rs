//! Signatures of the Standard Webhooks specification (<https://www.standardwebhooks.com>), by which a
//! receiver knows that an alert comes from here and is as it was sent.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// Bytes of a key, by the specification.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// What alerts are signed with.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Of a secret in the form `whsec_` and base64; `None` for any other.
    pub(crate) fn of(secret: &Secret) -> Option<Self> {
        let key = STANDARD.decode(secret.after("whsec_")?).ok()?;
        let is_long_enough = LENGTHS.contains(&key.len());
        let key = Hmac::new_from_slice(&key).ok()?;
        is_long_enough.then_some(Self(key))
    }

    /// The value of `webhook-signature`; `timestamp` is in Unix seconds.
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("SigningKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<SigningKey> {
        SigningKey::of(&Secret::new(text)?)
    }

    /// The example of the specification.
    #[test]
    fn it_signs_as_the_specification_does() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{key:?}"), "SigningKey");
    }

    #[test]
    fn what_is_no_such_secret_is_refused() {
        for text in [
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_",
            "whsec_AAAA",
            "whsec_%%%",
        ] {
            assert!(key(text).is_none(), "{text}");
        }
    }
}
