//! Where an electronic invoice goes when nobody said so: the address that follows from a VAT id.

use crate::customer::ElectronicAddress;
use crate::tax::is_well_formed;

/// The scheme (ISO 6523 and what Peppol adds to it) under which VAT ids of a country are addresses, as the code list of
/// Peppol BIS Billing 3.0 has it.
fn scheme(country: &str) -> Option<&'static str> {
    Some(match country {
        "AT" => "9914",
        "BE" => "9925",
        "BG" => "9926",
        "CY" => "9928",
        "CZ" => "9929",
        "DE" => "9930",
        "DK" => "0198",
        "EE" => "9931",
        "ES" => "9920",
        "FI" => "0213",
        "FR" => "9957",
        "GR" => "9933",
        "HR" => "9934",
        "HU" => "9910",
        "IE" => "9935",
        "IT" => "0211",
        "LT" => "9937",
        "LU" => "9938",
        "LV" => "9939",
        "MT" => "9943",
        "NL" => "9944",
        "PL" => "9945",
        "PT" => "9946",
        "RO" => "9947",
        // The number of the organisation; VAT ids have no scheme of their own any more.
        "SE" => SWEDISH_ORGANISATION,
        "SI" => "9949",
        "SK" => "9950",
        _ => return None,
    })
}

const SWEDISH_ORGANISATION: &str = "0007";

/// The address of whoever has this VAT id. `None` outside the European Union, and where it is no VAT id of the country
/// its prefix names.
pub fn of_vat_id(vat_id: &str) -> Option<ElectronicAddress> {
    let country = match vat_id.get(..2)? {
        // Greece alone uses another prefix than its country code.
        "EL" => "GR",
        prefix => prefix,
    };
    let scheme = scheme(country).filter(|_| is_well_formed(country, vat_id))?;
    let id = match scheme {
        SWEDISH_ORGANISATION => vat_id.get(2..12).filter(|number| has_check_digit(number))?,
        _ => vat_id,
    };
    Some(ElectronicAddress { scheme: scheme.to_owned(), id: id.to_owned() })
}

/// Whether the last digit is the check digit of those before it (Luhn): networks refuse a number without.
fn has_check_digit(digits: &str) -> bool {
    let weighted = digits.bytes().rev().enumerate().map(|(place, digit)| {
        let digit = u32::from(digit.saturating_sub(b'0'));
        let twice = if place % 2 == 1 { digit * 2 } else { digit };
        twice / 10 + twice % 10
    });
    weighted.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::tax::rates;

    fn address(vat_id: &str) -> Option<(String, String)> {
        of_vat_id(vat_id).map(|address| (address.scheme, address.id))
    }

    #[test]
    fn a_vat_id_is_an_address_in_its_countrys_scheme() {
        let cases = [
            ("DE123456789", "9930", "DE123456789"),
            ("NL123456789B01", "9944", "NL123456789B01"),
            ("FRK7123456789", "9957", "FRK7123456789"),
            ("ATU12345678", "9914", "ATU12345678"),
            ("EL123456789", "9933", "EL123456789"),
            ("DK12345678", "0198", "DK12345678"),
            ("SE556703748501", "0007", "5567037485"),
        ];
        for (vat_id, scheme, id) in cases {
            assert_eq!(address(vat_id), Some((scheme.to_owned(), id.to_owned())), "{vat_id}");
        }
    }

    #[test]
    fn what_is_no_vat_id_is_no_address() {
        for text in ["", "D", "DE12345678", "CHE123456789", "GB123456789", "GR123456789", "SE556703748601", "ÄÖ1"] {
            assert_eq!(address(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_country_with_a_rate_has_a_scheme() {
        assert!(rates().iter().all(|rate| scheme(&rate.country).is_some()));
    }
}
