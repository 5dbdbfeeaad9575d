//! The shape of VAT ids in the European Union. Whether one was ever issued is another question.

/// The prefix of a country and the shapes of what follows: `9` is a digit, `A` a letter, `X` either,
/// anything else stands for itself.
fn shapes(country: &str) -> Option<(&'static str, &'static [&'static str])> {
    Some(match country {
        "AT" => ("AT", &["U99999999"]),
        "BE" => ("BE", &["0999999999", "1999999999"]),
        "BG" => ("BG", &["999999999", "9999999999"]),
        "CY" => ("CY", &["99999999A"]),
        "CZ" => ("CZ", &["99999999", "999999999", "9999999999"]),
        "DE" => ("DE", &["999999999"]),
        "DK" => ("DK", &["99999999"]),
        "EE" => ("EE", &["999999999"]),
        "ES" => ("ES", &["A9999999A", "A99999999", "99999999A"]),
        "FI" => ("FI", &["99999999"]),
        "FR" => ("FR", &["XX999999999"]),
        // Greece alone uses another prefix than its country code.
        "GR" => ("EL", &["999999999"]),
        "HR" => ("HR", &["99999999999"]),
        "HU" => ("HU", &["99999999"]),
        "IE" => ("IE", &["9999999A", "9999999AA", "9A99999A", "9+99999A", "9*99999A"]),
        "IT" => ("IT", &["99999999999"]),
        "LT" => ("LT", &["999999999", "999999999999"]),
        "LU" => ("LU", &["99999999"]),
        "LV" => ("LV", &["99999999999"]),
        "MT" => ("MT", &["99999999"]),
        "NL" => ("NL", &["999999999B99"]),
        "PL" => ("PL", &["9999999999"]),
        "PT" => ("PT", &["999999999"]),
        "RO" => ("RO", ROMANIAN),
        "SE" => ("SE", &["999999999999"]),
        "SI" => ("SI", &["99999999"]),
        "SK" => ("SK", &["9999999999"]),
        _ => return None,
    })
}

const ROMANIAN: &[&str] = &["99", "999", "9999", "99999", "999999", "9999999", "99999999", "999999999", "9999999999"];

/// Whether `vat_id` has the prefix and a shape of `country` (ISO 3166-1 alpha-2). Capitals, no spaces.
pub fn is_well_formed(country: &str, vat_id: &str) -> bool {
    shapes(country).is_some_and(|(prefix, shapes)| {
        let number = vat_id.strip_prefix(prefix);
        number.is_some_and(|number| shapes.iter().any(|shape| fits(number, shape)))
    })
}

fn fits(number: &str, shape: &str) -> bool {
    number.len() == shape.len() && number.bytes().zip(shape.bytes()).all(|(byte, kind)| is_kind(byte, kind))
}

fn is_kind(byte: u8, kind: u8) -> bool {
    match kind {
        b'9' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_uppercase(),
        b'X' => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        _ => byte == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_well_formed, shapes};
    use crate::tax::rates;

    #[test]
    fn every_country_with_a_rate_has_a_shape() {
        assert!(rates().iter().all(|rate| shapes(&rate.country).is_some()));
    }

    #[test]
    fn shapes_are_told_apart() {
        let good = [
            ("DE", "DE123456789"),
            ("GR", "EL123456789"),
            ("NL", "NL123456789B01"),
            ("AT", "ATU12345678"),
            ("BE", "BE0123456789"),
            ("ES", "ESX1234567L"),
            ("FR", "FRK7123456789"),
            ("IE", "IE1234567WA"),
            ("IE", "IE1+23456A"),
            ("RO", "RO12"),
            ("SE", "SE123456789001"),
        ];
        for (country, vat_id) in good {
            assert!(is_well_formed(country, vat_id), "{country} {vat_id}");
        }
        let bad = [
            ("DE", "DE12345678"),
            ("DE", "DE1234567890"),
            ("DE", "DE12345678A"),
            ("DE", "de123456789"),
            ("DE", "DE 123456789"),
            ("DE", "AT123456789"),
            ("GR", "GR123456789"),
            ("NL", "NL123456789X01"),
            ("ES", "ES123456789"),
            ("RO", "RO1"),
            ("DE", "DE１２３"),
            ("DE", ""),
            ("CH", "CHE123456789"),
        ];
        for (country, vat_id) in bad {
            assert!(!is_well_formed(country, vat_id), "{country} {vat_id}");
        }
    }
}
