//! Who buys and sells in the samples.

use domain::billing::electronic_address::of_vat_id;
use domain::document::Party;

pub fn seller() -> Party {
    Party {
        name: "Cloudsales GmbH".to_owned(),
        country: "DE".to_owned(),
        address: vec!["Musterstraße 1".to_owned(), "10115 Berlin".to_owned()],
        postal_code: None,
        city: None,
        vat_id: Some("DE999999999".to_owned()),
        electronic_address: of_vat_id("DE999999999"),
    }
}

/// At home.
pub fn monat() -> Party {
    business("Monat Verlag GmbH & Co. KG", "DE", Some("DE123456789"), ("Königsallee 12", "40212", "Düsseldorf"))
}

/// Sells on.
pub fn nordwind() -> Party {
    business("Nordwind Systemhaus AG", "DE", Some("DE812345678"), ("An der Alster 3", "20099", "Hamburg"))
}

/// In another state of the European Union.
pub fn tulp() -> Party {
    business("Tulp B.V.", "NL", Some("NL123456789B01"), ("Keizersgracht 100", "1015 AA", "Amsterdam"))
}

/// Outside of it, with a name no font here has letters for.
pub fn sakura() -> Party {
    business("Sakura K.K. 桜", "JP", None, ("1-1 Marunouchi", "100-0005", "Tokyo"))
}

/// Somebody of whom only the country is known.
pub fn base() -> Party {
    Party { address: Vec::new(), postal_code: None, city: None, ..business("Base", "DE", None, ("", "", "")) }
}

fn business(name: &str, country: &str, vat_id: Option<&str>, (street, postal_code, city): (&str, &str, &str)) -> Party {
    Party {
        name: name.to_owned(),
        country: country.to_owned(),
        address: vec![street.to_owned()],
        postal_code: Some(postal_code.to_owned()),
        city: Some(city.to_owned()),
        vat_id: vat_id.map(str::to_owned),
        electronic_address: vat_id.and_then(of_vat_id),
    }
}
