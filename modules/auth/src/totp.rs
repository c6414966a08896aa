use crate::cookie::COMPONENT;
use kit::Time;
use percent_encoding::utf8_percent_encode;
use totp_rs::{Builder, Totp};

/// How many characters the secret has that an authenticator and the platform share.
pub(crate) const LENGTH: usize = 32;
const PERIOD: i64 = 30;

/// The codes of an authenticator: six digits by SHA-1, new every 30 seconds, as all such apps make them. A code is
/// good for its own half minute and the ones beside it, since clocks differ.
pub(crate) struct Authenticator(Totp);

impl Authenticator {
    /// That of this secret: any characters, of which the authenticator gets the bytes.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let builder = Builder::new().with_secret(secret.to_vec()).with_skew(1);
        Self(builder.with_step_duration(PERIOD.unsigned_abs()).build_noncompliant())
    }

    /// The time step of a code, if it is good at this moment. It compares in constant time.
    pub(crate) fn step_of(&self, code: &str, now: Time) -> Option<i64> {
        let seconds = u64::try_from(now.millis() / 1000).ok()?;
        self.0.check(code, seconds).and_then(|step| i64::try_from(step).ok())
    }

    /// What an authenticator reads, mostly as a picture.
    pub(crate) fn uri(&self, issuer: &str, account: &str) -> String {
        let [issuer, account] = [issuer, account].map(|text| utf8_percent_encode(text, COMPONENT));
        let secret = self.0.secret().to_base32();
        let secret = secret.trim_end_matches('=');
        format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&digits=6&period={PERIOD}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let authenticator = Authenticator::new(SECRET);
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(authenticator.step_of(code, at(seconds)), Some(seconds / 30), "{code}");
        }
    }

    #[test]
    fn a_code_is_good_one_step_around_its_own_and_no_longer() {
        let authenticator = Authenticator::new(SECRET);
        let step = 1_111_111_109 / 30;
        for (seconds, good) in [(-31, false), (-30, true), (0, true), (29, true), (59, true), (60, false)] {
            let found = authenticator.step_of("081804", at(step * 30 + seconds));
            assert_eq!(found, good.then_some(step), "{seconds}");
        }
    }

    #[test]
    fn what_is_no_code_is_not_good() {
        let authenticator = Authenticator::new(SECRET);
        for bad in ["", "081805", "+81804", "08180", "0818040", "081 804", "٠٨١٨٠٤", "081804\0"] {
            assert_eq!(authenticator.step_of(bad, at(1_111_111_109)), None, "{bad}");
        }
    }

    #[test]
    fn the_uri_escapes_what_it_names() {
        let uri = Authenticator::new(b"hello").uri("Bots & Co: x", "ana+1@example.com");
        let expected = "otpauth://totp/Bots%20%26%20Co%3A%20x:ana%2B1%40example.com\
                        ?secret=NBSWY3DP&issuer=Bots%20%26%20Co%3A%20x&digits=6&period=30";
        assert_eq!(uri, expected);
    }
}
