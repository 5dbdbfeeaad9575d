//! Whole sentences: why there is no tax, when to pay, what becomes of a credit.

use domain::credit_note::Settle;
use domain::tax::{TaxAmount, TaxCategory};

use super::Language;
use crate::{Kind, Sheet};

impl Language {
    /// The name of a tax, with its rate.
    pub fn tax(self, tax: &TaxAmount) -> String {
        match self {
            Self::English => format!("VAT {}", self.percent(tax.rate)),
            Self::German => format!("USt. {}", self.percent(tax.rate)),
        }
    }

    /// Why nothing is charged, where nothing is. A customer's own reason is said in its own words.
    pub fn tax_note(self, tax: &TaxAmount) -> Option<String> {
        let note = match (self, tax.category) {
            (_, TaxCategory::S) => return None,
            (Self::English, TaxCategory::AE) => {
                "Reverse charge: the recipient of the service accounts for the tax (Article 196 of Directive \
                 2006/112/EC)."
            }
            (Self::German, TaxCategory::AE) => {
                "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge, Artikel 196 der Richtlinie 2006/112/EG)."
            }
            (Self::English, TaxCategory::G) => "Supplied to a customer outside the European Union: no tax is charged.",
            (Self::German, TaxCategory::G) => {
                "Leistung an einen Kunden außerhalb der Europäischen Union: ohne Umsatzsteuer."
            }
            (Self::English, TaxCategory::E) => return Some(format!("Exempt from tax: {}", tax.note.as_deref()?)),
            (Self::German, TaxCategory::E) => return Some(format!("Steuerbefreit: {}", tax.note.as_deref()?)),
        };
        Some(note.to_owned())
    }

    /// When and how it is paid.
    pub fn terms(self, sheet: &Sheet) -> String {
        match (sheet.kind, sheet.due_on) {
            (Kind::CommissionStatement, _) => self.commission_terms(),
            (Kind::CreditNote, _) => self.credit_terms(sheet),
            (Kind::Invoice(_), Some(day)) if !sheet.due.amount().is_zero() => {
                let (amount, day) = (self.money(sheet.due), self.day(day));
                match self {
                    Self::English => format!("Please pay {amount} by {day}, quoting {}.", sheet.number),
                    Self::German => {
                        format!("Bitte zahlen Sie {amount} bis zum {day} unter Angabe von {}.", sheet.number)
                    }
                }
            }
            (Kind::Invoice(_), _) => match self {
                Self::English => "Nothing is left to pay.".to_owned(),
                Self::German => "Es ist nichts mehr zu zahlen.".to_owned(),
            },
        }
    }

    fn commission_terms(self) -> String {
        match self {
            Self::English => "Self-billed: this statement is your invoice to us. Please do not send another.",
            Self::German => "Abrechnung im Gutschriftverfahren: Dieser Beleg gilt als Ihre Rechnung an uns.",
        }
        .to_owned()
    }

    fn credit_terms(self, sheet: &Sheet) -> String {
        let rest = match (self, sheet.settle) {
            (Self::English, Some(Settle::Refund)) => "is refunded to you",
            (Self::English, Some(Settle::Balance) | None) => "is added to your balance with us",
            (Self::German, Some(Settle::Refund)) => "wird Ihnen erstattet",
            (Self::German, Some(Settle::Balance) | None) => "wird Ihrem Guthaben bei uns gutgeschrieben",
        };
        match (self, &sheet.corrects) {
            (Self::English, None) => format!("The amount {rest}."),
            (Self::German, None) => format!("Der Betrag {rest}."),
            (Self::English, Some(invoice)) => {
                format!("It reduces what is open on {}; what you have paid already {rest}.", invoice.number)
            }
            (Self::German, Some(invoice)) => {
                format!("Er mindert, was auf {} noch offen ist; was Sie schon bezahlt haben, {rest}.", invoice.number)
            }
        }
    }
}
