//! What the simulated provider sells when it is new.

use rust_decimal::Decimal;

use super::rows::{Item, Price};

/// Cost and list price in units of the last digit shown, with that many digits.
struct Offer {
    sku: &'static str,
    name: &'static str,
    description: &'static str,
    publisher: &'static str,
    cost: (i64, u32),
    list: (i64, u32),
    currency: &'static str,
    term: &'static str,
    cycle: &'static str,
    seats: (u32, u32),
    window_hours: Option<u32>,
    features: &'static [&'static str],
}

const USUAL: Offer = Offer {
    sku: "",
    name: "",
    description: "",
    publisher: "Nimbus Office",
    cost: (0, 2),
    list: (0, 2),
    currency: "EUR",
    term: "P1M",
    cycle: "P1M",
    seats: (1, 100_000),
    window_hours: Some(168),
    features: &[],
};

const OFFERS: &[Offer] = &[
    Offer {
        sku: "office-business",
        name: "Office Business",
        description: "Mail, calendar, documents and video meetings for every seat.",
        cost: (1400, 2),
        list: (2000, 2),
        features: &["50 GB mailbox", "1 TB of files", "Meetings for 300"],
        ..USUAL
    },
    Offer {
        sku: "mail-guard",
        name: "Mail Guard",
        description: "Filters spam, phishing and malware before it reaches the mailbox.",
        publisher: "Palisade Security",
        cost: (843, 2),
        list: (1200, 2),
        features: &["Phishing filter", "Attachment sandbox"],
        ..USUAL
    },
    Offer {
        sku: "office-enterprise",
        name: "Office Enterprise",
        description: "Office Business with archive, legal hold and compliance reports; a year, paid monthly.",
        cost: (3150, 2),
        list: (4200, 2),
        term: "P1Y",
        features: &["Unlimited archive", "Legal hold", "Compliance reports"],
        ..USUAL
    },
    Offer {
        sku: "archive-storage",
        name: "Archive Storage",
        description: "Tamper-proof long-term storage, a year in advance.",
        publisher: "Deepshelf Storage",
        cost: (12000, 2),
        list: (16000, 2),
        term: "P1Y",
        cycle: "P1Y",
        features: &["5 TB per seat", "Write once, read many"],
        ..USUAL
    },
    Offer {
        sku: "backup-vault",
        name: "Backup Vault",
        description: "Daily off-site backups for three years, paid yearly.",
        publisher: "Deepshelf Storage",
        cost: (8640, 2),
        list: (11500, 2),
        term: "P3Y",
        cycle: "P1Y",
        window_hours: Some(72),
        features: &["Daily backups", "Two regions"],
        ..USUAL
    },
    Offer {
        sku: "compute-reserved",
        name: "Reserved Compute",
        description: "A virtual machine with 4 cores and 16 GB, reserved for three years, paid monthly.",
        publisher: "Cumulus Compute",
        cost: (4575, 2),
        list: (6100, 2),
        term: "P3Y",
        window_hours: Some(0),
        features: &["4 cores", "16 GB memory", "100 GB disk"],
        ..USUAL
    },
    Offer {
        sku: "network-firewall",
        name: "Network Firewall",
        description: "A managed firewall per site, five sites at most.",
        publisher: "Palisade Security",
        cost: (7900, 2),
        list: (9900, 2),
        seats: (1, 5),
        window_hours: Some(72),
        features: &["Intrusion detection", "Site-to-site tunnels"],
        ..USUAL
    },
    Offer {
        sku: "identity-team",
        name: "Identity for Teams",
        description: "Single sign-on and second factors, from five users on.",
        publisher: "Palisade Security",
        cost: (325, 2),
        list: (450, 2),
        seats: (5, 100_000),
        features: &["Single sign-on", "Second factor"],
        ..USUAL
    },
    Offer {
        sku: "team-storage",
        name: "Team Storage",
        description: "Shared folders with versions; seats come and go at any time.",
        publisher: "Deepshelf Storage",
        cost: (410, 2),
        list: (599, 2),
        window_hours: None,
        features: &["2 TB per seat", "Versions for 90 days"],
        ..USUAL
    },
    Offer {
        sku: "virtual-desktop",
        name: "Virtual Desktop",
        description: "A desktop in the cloud, sold in US dollars only.",
        publisher: "Cumulus Compute",
        cost: (2260, 2),
        list: (3100, 2),
        currency: "USD",
        features: &["2 cores", "8 GB memory"],
        ..USUAL
    },
    Offer {
        sku: "office-japan",
        name: "Office Business Japan",
        description: "Office Business from data centres in Japan, sold in yen.",
        cost: (1650, 0),
        list: (2350, 0),
        currency: "JPY",
        features: &["50 GB mailbox", "Data kept in Japan"],
        ..USUAL
    },
    Offer {
        sku: "endpoint-shield",
        name: "Endpoint Shield",
        description: "Protects laptops and phones; a seat once taken stays for its term.",
        publisher: "Palisade Security",
        cost: (515, 2),
        list: (750, 2),
        window_hours: Some(0),
        features: &["Malware protection", "Remote wipe"],
        ..USUAL
    },
];

/// The catalogue of a new provider.
pub fn items() -> impl Iterator<Item = Item> {
    OFFERS.iter().map(item)
}

fn item(offer: &Offer) -> Item {
    let price = |(units, digits)| Price { amount: Decimal::new(units, digits), currency: offer.currency.to_owned() };
    Item {
        sku: offer.sku.to_owned(),
        name: offer.name.to_owned(),
        description: offer.description.to_owned(),
        publisher: offer.publisher.to_owned(),
        unit_cost: price(offer.cost),
        list_price: price(offer.list),
        term: offer.term.to_owned(),
        billing_cycle: offer.cycle.to_owned(),
        min_quantity: offer.seats.0,
        max_quantity: offer.seats.1,
        cancellation_window_hours: offer.window_hours,
        features: offer.features.iter().map(|feature| (*feature).to_owned()).collect(),
        revision: 1,
        withdrawn: false,
    }
}
