//! Finding any of some secrets in very much text, in steps of several bytes.

use std::collections::{BTreeSet, HashSet};

/// Shorter ones are words: they would be found everywhere.
const SHORTEST: usize = 16;
const PIECE: usize = 8;
/// Wherever a secret begins, one piece at such a distance lies within it.
const STEP: usize = SHORTEST - PIECE + 1;

/// What nobody may read. It shows its name alone.
#[derive(Clone)]
pub struct Secret {
    pub name: String,
    value: String,
}

impl Secret {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// What is secret of it: a token is signed, and a webhook's secret has a prefix.
    fn needle(&self) -> &[u8] {
        let value = self.value.strip_prefix("whsec_").unwrap_or(&self.value);
        let signature = value.starts_with("eyJ").then(|| value.rsplit('.').next()).flatten();
        signature.unwrap_or(value).as_bytes()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Secrets cut into pieces.
pub(super) struct Needles<'a> {
    secrets: Vec<&'a Secret>,
    pieces: HashSet<[u8; PIECE]>,
}

impl<'a> Needles<'a> {
    /// Those long enough to be told from other text.
    pub fn new(secrets: &'a [Secret]) -> Self {
        let secrets: Vec<&Secret> = secrets.iter().filter(|secret| secret.needle().len() >= SHORTEST).collect();
        let pieces = secrets.iter().flat_map(|secret| secret.needle().windows(PIECE).filter_map(piece)).collect();
        Self { secrets, pieces }
    }

    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Bytes that one part of a text has to share with the next.
    pub fn overlap(&self) -> usize {
        self.secrets.iter().map(|secret| secret.needle().len()).max().unwrap_or(1) - 1
    }

    /// The names of those that the text has.
    pub fn within(&self, text: &[u8]) -> BTreeSet<&'a str> {
        let hits = text.windows(PIECE).enumerate().step_by(STEP);
        let hits = hits.filter(|(_, window)| piece(window).is_some_and(|piece| self.pieces.contains(&piece)));
        hits.flat_map(|(at, _)| self.around(text, at)).collect()
    }

    fn around(&self, text: &[u8], at: usize) -> impl Iterator<Item = &'a str> {
        self.secrets.iter().filter_map(move |secret| {
            let needle = secret.needle();
            let (from, to) = (at.saturating_sub(needle.len()), (at + needle.len()).min(text.len()));
            let has = text.get(from..to)?.windows(needle.len()).any(|window| window == needle);
            has.then_some(secret.name.as_str())
        })
    }
}

fn piece(window: &[u8]) -> Option<[u8; PIECE]> {
    window.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> [Secret; 3] {
        [
            Secret::new("key", "0123456789abcdef"),
            Secret::new("hook", "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="),
            Secret::new("short", "postgres"),
        ]
    }

    #[test]
    fn a_secret_is_found_wherever_it_begins() {
        let secrets = secrets();
        let needles = Needles::new(&secrets);
        for before in 0..40 {
            let text = format!("{}0123456789abcdef", ".".repeat(before));
            assert_eq!(needles.within(text.as_bytes()), BTreeSet::from(["key"]), "{before}");
            let text = format!("{}0123456789abcdef and more", ".".repeat(before));
            assert_eq!(needles.within(text.as_bytes()), BTreeSet::from(["key"]), "{before}");
        }
    }

    #[test]
    fn a_part_of_it_is_nothing() {
        let secrets = secrets();
        let needles = Needles::new(&secrets);
        assert!(needles.within(b"0123456789abcde and 123456789abcdef, whsec_, postgres").is_empty());
        assert!(needles.within(b"").is_empty());
    }

    #[test]
    fn several_are_found_and_prefixes_are_no_secret() {
        let secrets = secrets();
        let needles = Needles::new(&secrets);
        let text = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo= 0123456789abcdef";
        assert_eq!(needles.within(text), BTreeSet::from(["hook", "key"]));
    }

    #[test]
    fn a_token_is_known_by_its_signature() {
        let token = [Secret::new("token", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLW9mLXRoaXM")];
        let needles = Needles::new(&token);
        assert_eq!(needles.within(b"Bearer x.c2lnbmF0dXJlLW9mLXRoaXM"), BTreeSet::from(["token"]));
        assert!(needles.within(b"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.another").is_empty());
    }

    #[test]
    fn nobody_reads_it_by_printing_it() {
        assert_eq!(format!("{:?}", Secret::new("key", "0123456789abcdef")), "Secret { name: \"key\", .. }");
    }

    #[test]
    fn short_ones_are_not_looked_for() {
        assert!(Needles::new(&[Secret::new("short", "postgres")]).is_empty());
    }
}
