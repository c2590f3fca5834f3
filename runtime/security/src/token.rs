//! Tokens for the admin API: 256 random bits, of which only a hash is kept. A slow hash would be of no use: nobody can try 2^256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caisson_capability::{Error, ErrorKind};
use std::fmt::Write as _;
use subtle::ConstantTimeEq as _;

/// How tokens begin, so that scanners for leaked secrets find them.
pub const PREFIX: &str = "csn_";

/// Makes a token. Returns its text, which is shown once, and its hash, which is kept.
///
/// # Errors
///
/// `internal` if the system has no randomness.
pub fn generate() -> Result<(String, String), Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| {
        let text = "no token was made: the system gave no random bytes; look at /dev/urandom and try again";
        Error::new(ErrorKind::Internal, text).detail(error.to_string())
    })?;
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let hash = hash(&text);
    Ok((text, hash))
}

/// The hash of a token: BLAKE3 in hex.
#[must_use]
pub fn hash(token: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in blake3::derive_key("caisson admin token v1", token.as_bytes()) {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
    }
    hex
}

/// Whether the token is the one with this hash. Takes the same time whatever the token is.
#[must_use]
pub fn verify(token: &str, expected: &str) -> bool {
    hash(token).as_bytes().ct_eq(expected.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_belongs_to_its_hash_only() {
        let (one, hash_of_one) = generate().unwrap();
        let (two, hash_of_two) = generate().unwrap();
        assert!(one.starts_with(PREFIX) && one.len() == PREFIX.len() + 43);
        assert!(verify(&one, &hash_of_one) && verify(&two, &hash_of_two));
        for wrong in [&two, "", "csn_", &hash_of_one, &one[..one.len() - 1]] {
            assert!(!verify(wrong, &hash_of_one));
        }
        assert!(!verify(&one, "") && !verify(&one, &hash_of_one[..63]));
    }

    #[test]
    fn a_hash_does_not_contain_the_token() {
        let (token, hash) = generate().unwrap();
        assert!(!hash.contains(&token[PREFIX.len()..]));
        assert_eq!(hash.len(), 64);
    }
}
