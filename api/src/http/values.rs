//! What a text must look like to be a value: shared by bodies and queries.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use domain::billing::Period;
use domain::text::TextProblem;
use domain::{Currency, money, text as texts};
use rust_decimal::Decimal;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use uuid::Uuid;

use super::limits::{AMOUNT_INTEGER_DIGITS, PROVIDER_ID_BYTES};
use super::problem::ProblemType;

/// Why a text is not the value it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: ProblemType,
    pub detail: String,
}

impl Fault {
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

/// The officially assigned codes of ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET \
    FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ \
    IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML \
    MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS \
    PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL \
    TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// A text someone can read: at most 200 characters, nothing invisible, not blank. In the composed form (NFC).
pub fn text(text: &str) -> Result<String, Fault> {
    composed(text, texts::check_required)
}

/// A text that a person writes is one text, however their keyboard composes its letters: kept, compared and searched
/// for in NFC. A few characters come apart in that form and may then be too many, so what is kept is checked as well.
fn composed(text: &str, check: fn(&str) -> Result<(), TextProblem>) -> Result<String, Fault> {
    let kept = as_it_is(text, check)?;
    if is_nfc(&kept) { Ok(kept) } else { as_it_is(&kept.nfc().collect::<String>(), check) }
}

fn as_it_is(text: &str, check: fn(&str) -> Result<(), TextProblem>) -> Result<String, Fault> {
    check(text).map_err(|problem| Fault::new(ProblemType::InvalidText, problem.to_string()))?;
    Ok(text.to_owned())
}

/// What the provider calls something: its bytes are the provider's, and stay as they are.
pub fn provider_id(id: &str) -> Result<String, Fault> {
    let id = as_it_is(id, texts::check_required)?;
    let fits = id.len() <= PROVIDER_ID_BYTES;
    fits.then_some(id).ok_or_else(|| {
        Fault::new(ProblemType::InvalidText, format!("An id of the provider's has at most {PROVIDER_ID_BYTES} bytes."))
    })
}

/// A text to search for among those that people wrote; an empty one finds everything.
pub fn search(text: &str) -> Result<String, Fault> {
    composed(text, texts::check)
}

/// The name that another system gave to something, to be found by exactly that name.
pub fn identifier(text: &str) -> Result<String, Fault> {
    as_it_is(text, texts::check)
}

/// A UUID in its usual form, 36 characters with hyphens.
pub fn uuid(text: &str) -> Result<Uuid, Fault> {
    let parsed = (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten();
    parsed.ok_or_else(|| Fault::new(ProblemType::InvalidValue, "An id is a UUID with hyphens."))
}

/// A day, `2025-02-28`, from 2000 to 2199.
pub fn date(text: &str) -> Result<NaiveDate, Fault> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    day.filter(|day| is_plausible(*day)).ok_or_else(|| {
        Fault::new(ProblemType::InvalidDate, "A day is written 2025-02-28, exists, and lies from 2000 to 2199.")
    })
}

/// A moment with its zone, `2025-02-28T13:45:00Z`, from 2000 to 2199.
pub fn date_time(text: &str) -> Result<DateTime<Utc>, Fault> {
    let shaped = text.is_ascii() && text.len() <= 40 && text.as_bytes().get(10) == Some(&b'T');
    let moment = shaped.then(|| DateTime::parse_from_rfc3339(text).ok()).flatten();
    let moment = moment.map(|moment| moment.with_timezone(&Utc)).filter(|moment| is_plausible(moment.date_naive()));
    moment.ok_or_else(|| {
        Fault::new(ProblemType::InvalidDate, "A moment is written 2025-02-28T13:45:00Z and lies from 2000 to 2199.")
    })
}

/// A moment, or a day, which stands for its beginning in UTC.
pub fn moment(text: &str) -> Result<DateTime<Utc>, Fault> {
    if text.len() == 10 { date(text).map(|day| day.and_time(NaiveTime::MIN).and_utc()) } else { date_time(text) }
}

/// A calendar month, `2026-10`, from 2000 to 2199.
pub fn period(text: &str) -> Result<Period, Fault> {
    Period::parse(text)
        .filter(|period| is_plausible(period.first_day()))
        .ok_or_else(|| Fault::new(ProblemType::InvalidDate, "A period is written 2026-10, and lies from 2000 to 2199."))
}

fn is_plausible(day: NaiveDate) -> bool {
    (2000..=2199).contains(&day.year())
}

/// An ISO 4217 code in capitals of a currency one can be paid in.
pub fn currency(text: &str) -> Result<Currency, Fault> {
    let known = text.bytes().all(|byte| byte.is_ascii_uppercase()).then(|| money::parse_currency(text)).flatten();
    known.ok_or_else(|| Fault::new(ProblemType::InvalidCurrency, "A currency is an ISO 4217 code such as EUR."))
}

/// An ISO 3166-1 alpha-2 code in capitals.
pub fn country(text: &str) -> Result<String, Fault> {
    let known = COUNTRIES.split(' ').any(|code| code == text);
    known.then(|| text.to_owned()).ok_or_else(|| {
        Fault::new(ProblemType::InvalidValue, "A country is a code of two capitals from ISO 3166-1, such as DE.")
    })
}

/// An e-mail address that could exist; only a message to it proves that it does.
pub fn email(address: &str) -> Result<String, Fault> {
    let address = text(address)?;
    let shaped = address.split_once('@').is_some_and(|(local, host)| is_local_part(local) && is_host(host));
    if shaped && address.len() <= 254 {
        Ok(address)
    } else {
        Err(Fault::new(ProblemType::InvalidValue, "An e-mail address is written name@example.com."))
    }
}

fn is_local_part(local: &str) -> bool {
    let dots_well = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let allowed = |c: char| c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    (1..=64).contains(&local.len()) && dots_well && local.chars().all(allowed)
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        let ends_well = !label.starts_with('-') && !label.ends_with('-');
        (1..=63).contains(&label.len()) && ends_well && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    host.contains('.') && host.split('.').all(label)
}

/// A telephone number as people write it, with 3 to 20 digits.
pub fn phone(number: &str) -> Result<String, Fault> {
    let number = text(number)?;
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let rest = number.strip_prefix('+').unwrap_or(&number);
    if (3..=20).contains(&digits) && rest.chars().all(|c| c.is_ascii_digit() || " -./()".contains(c)) {
        Ok(number)
    } else {
        Err(Fault::new(ProblemType::InvalidValue, "A telephone number has digits, such as +49 30 901820."))
    }
}

/// A decimal of at most `decimals` places, zero or above.
pub fn decimal(decimals: u32) -> impl Fn(&str) -> Result<Decimal, Fault> {
    move |text| parsed_decimal(text, decimals).ok_or_else(|| wrong_amount(decimals))
}

fn wrong_amount(decimals: u32) -> Fault {
    let detail = format!("An amount is text of plain digits such as \"12.5\", with at most {decimals} decimals.");
    Fault::new(ProblemType::InvalidAmount, detail)
}

/// The decimal crate also reads signs, exponents and underscores, so the shape is checked first.
fn parsed_decimal(text: &str, decimals: u32) -> Option<Decimal> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole_fits = digits(whole) && whole.len() <= AMOUNT_INTEGER_DIGITS && (whole == "0" || !whole.starts_with('0'));
    let fraction_fits = fraction.is_none_or(|part| digits(part) && part.len() <= decimals as usize);
    (whole_fits && fraction_fits).then(|| text.parse().ok()).flatten()
}

/// One of a few names, each standing for a value.
pub fn one_of<T: Copy>(choices: &[(&str, T)]) -> impl Fn(&str) -> Result<T, Fault> {
    move |text| {
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            Fault::new(ProblemType::InvalidValue, format!("The value is one of: {}.", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn all_fail<T: std::fmt::Debug>(read: impl Fn(&str) -> Result<T, Fault>, kind: ProblemType, texts: &[&str]) {
        for text in texts {
            assert_eq!(read(text).unwrap_err().kind, kind, "{text:?}");
        }
    }

    #[test]
    fn amounts() {
        for (text, decimals) in [("0", 2), ("12.50", 2), ("0.5", 2), ("1.084200", 6), ("100", 0), ("999999999999", 2)] {
            assert_eq!(decimal(decimals)(text).unwrap().to_string(), text);
        }
        let bad = [
            "",
            "1e400",
            "1e2",
            "0.001",
            "1,00",
            " 1",
            "1 ",
            "-0",
            "-1",
            "+1",
            ".5",
            "1.",
            "01",
            "00",
            "1_000",
            "123456789012345678901234567890",
            "1234567890123",
            "１２",
            "NaN",
            "1.2.3",
            "0x1",
            "1\u{200b}",
        ];
        all_fail(decimal(2), ProblemType::InvalidAmount, &bad);
        all_fail(decimal(0), ProblemType::InvalidAmount, &["1.0"]);
    }

    #[test]
    fn currencies_and_countries() {
        assert_eq!(currency("EUR").unwrap(), Currency::EUR);
        let bad = ["eur", "EURO", "XXX", "EUR\u{200b}", "", "XTS", "ZZZ", " EUR"];
        all_fail(currency, ProblemType::InvalidCurrency, &bad);
        assert_eq!(country("DE").unwrap(), "DE");
        assert_eq!(COUNTRIES.split(' ').filter(|code| code.len() == 2).count(), 249);
        all_fail(country, ProblemType::InvalidValue, &["de", "XX", "", "DE ", "DEU", "A AE"]);
    }

    #[test]
    fn dates() {
        assert_eq!(date("2024-02-29").unwrap().to_string(), "2024-02-29");
        let bad = [
            "2025-02-30",
            "10000-01-01",
            "0001-01-01",
            "1999-12-31",
            "2025-1-01",
            "2025-01-01T00:00:00Z",
            "",
            "20250101",
        ];
        all_fail(date, ProblemType::InvalidDate, &bad);
        assert_eq!(date_time("2025-03-01T01:00:00+01:00").unwrap().to_rfc3339(), "2025-03-01T00:00:00+00:00");
        let bad = [
            "2025-03-01T24:00:00Z",
            "2025-03-01T10:00:00",
            "2025-03-01 10:00:00Z",
            "+10000-01-01T00:00:00Z",
            "2025-03-01",
        ];
        all_fail(date_time, ProblemType::InvalidDate, &bad);
        for begins in ["2025-03-01", "2025-03-01T00:00:00Z", "2025-03-01T01:00:00+01:00"] {
            assert_eq!(moment(begins).unwrap().to_rfc3339(), "2025-03-01T00:00:00+00:00", "{begins}");
        }
        all_fail(moment, ProblemType::InvalidDate, &["2025-02-30", "2025-03-1", "2025-03-01 ", "03/01/2025", ""]);
    }

    #[test]
    fn texts_and_ids() {
        for good in ["Büro Süd", "'; drop table", "$1", "{{7*7}}", "<script>", "=HYPERLINK()"] {
            assert_eq!(text(good).unwrap(), good);
        }
        let marks = format!("a{}", "\u{301}".repeat(2000));
        let bad = ["a\0b", "a\r\nb", "\u{1b}[31m", "exe\u{202e}fdp", "ad\u{200b}min", "x\u{e0041}", "", " ", &marks];
        all_fail(text, ProblemType::InvalidText, &bad);
        assert_eq!(search("").unwrap(), "");
        let id = "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";
        assert_eq!(uuid(id).unwrap().to_string(), id);
        let bad = ["", "1", "0197f3a46f6e7d319c551f0f3a2b4c5d", "{0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d}"];
        all_fail(uuid, ProblemType::InvalidValue, &bad);
    }

    #[test]
    fn one_text_is_kept_in_one_form() {
        for (written, kept) in [
            ("e\u{301}", "é"),
            ("Cafe\u{301} Su\u{308}d", "Café Süd"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            // Marks in another order, an ångström, and a letter that has no composed form.
            ("q\u{307}\u{323}", "q\u{323}\u{307}"),
            ("\u{212b}", "Å"),
            ("\u{958}", "\u{915}\u{93c}"),
            ("Büro Süd", "Büro Süd"),
        ] {
            assert_eq!(text(written).unwrap(), kept, "{written:?}");
            assert_eq!(search(written).unwrap(), kept, "{written:?}");
            assert_eq!(text(kept).unwrap(), kept, "{kept:?}");
        }
        assert_eq!(email("jose\u{301}@bu\u{308}ro.de").unwrap(), "josé@büro.de");
        assert_eq!(text(&"e\u{301}".repeat(200)).unwrap(), "é".repeat(200));
        // Twelve parts that come apart into more.
        all_fail(text, ProblemType::InvalidText, &[&format!("q{}", "\u{344}".repeat(11))]);
        // What others call something is theirs.
        assert_eq!(provider_id("cafe\u{301}").unwrap(), "cafe\u{301}");
        assert_eq!(identifier("cafe\u{301}").unwrap(), "cafe\u{301}");
        all_fail(provider_id, ProblemType::InvalidText, &["", "a\nb"]);
        all_fail(identifier, ProblemType::InvalidText, &["a\nb"]);
    }

    #[test]
    fn addresses_and_choices() {
        for good in ["ada@example.com", "a.b+c@sub.example.co", "info@büro.de"] {
            assert_eq!(email(good).unwrap(), good);
        }
        let bad = [
            "ada",
            "@example.com",
            "a@b",
            "a@b@example.com",
            "a b@example.com",
            "a@-x.com",
            "a@x..com",
            ".a@x.com",
            "<a@x.com>",
        ];
        all_fail(email, ProblemType::InvalidValue, &bad);
        assert_eq!(phone("+49 (30) 90-18.20").unwrap(), "+49 (30) 90-18.20");
        all_fail(phone, ProblemType::InvalidValue, &["12", "call me", "+49+30", "123456789012345678901"]);
        let colour = one_of(&[("red", 1), ("blue", 2)]);
        assert_eq!(colour("blue"), Ok(2));
        assert_eq!(colour("Blue").unwrap_err().detail, "The value is one of: red, blue.");
    }
}
