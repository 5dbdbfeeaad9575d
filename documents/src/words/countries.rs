//! Names of countries, for addresses abroad.

use super::Language;

/// Code (ISO 3166-1 alpha-2), English and German name.
const NAMES: &[(&str, &str, &str)] = &[
    ("AT", "Austria", "Österreich"),
    ("BE", "Belgium", "Belgien"),
    ("BG", "Bulgaria", "Bulgarien"),
    ("CH", "Switzerland", "Schweiz"),
    ("CY", "Cyprus", "Zypern"),
    ("CZ", "Czechia", "Tschechien"),
    ("DE", "Germany", "Deutschland"),
    ("DK", "Denmark", "Dänemark"),
    ("EE", "Estonia", "Estland"),
    ("ES", "Spain", "Spanien"),
    ("FI", "Finland", "Finnland"),
    ("FR", "France", "Frankreich"),
    ("GB", "United Kingdom", "Vereinigtes Königreich"),
    ("GR", "Greece", "Griechenland"),
    ("HR", "Croatia", "Kroatien"),
    ("HU", "Hungary", "Ungarn"),
    ("IE", "Ireland", "Irland"),
    ("IS", "Iceland", "Island"),
    ("IT", "Italy", "Italien"),
    ("JP", "Japan", "Japan"),
    ("LI", "Liechtenstein", "Liechtenstein"),
    ("LT", "Lithuania", "Litauen"),
    ("LU", "Luxembourg", "Luxemburg"),
    ("LV", "Latvia", "Lettland"),
    ("MT", "Malta", "Malta"),
    ("NL", "Netherlands", "Niederlande"),
    ("NO", "Norway", "Norwegen"),
    ("PL", "Poland", "Polen"),
    ("PT", "Portugal", "Portugal"),
    ("RO", "Romania", "Rumänien"),
    ("SE", "Sweden", "Schweden"),
    ("SI", "Slovenia", "Slowenien"),
    ("SK", "Slovakia", "Slowakei"),
    ("TR", "Türkiye", "Türkei"),
    ("UA", "Ukraine", "Ukraine"),
    ("US", "United States", "Vereinigte Staaten"),
];

pub fn name(language: Language, code: &str) -> Option<&'static str> {
    let (_, english, german) = NAMES.iter().find(|(known, _, _)| *known == code)?;
    Some(match language {
        Language::English => english,
        Language::German => german,
    })
}
