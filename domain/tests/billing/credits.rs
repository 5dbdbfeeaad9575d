//! Credit notes on an invoice, by lines and by a gross amount, and the commission that goes back with them.

use domain::billing::commission::Earned;
use domain::billing::credit::{Credit, CreditRefused, Creditable, CreditableLine, Wanted};
use domain::tax::Treatment;
use domain::{Currency, Money, Refusal};

use crate::subscribed::*;

/// An invoice and what has been credited of it.
struct Invoice {
    lines: Vec<CreditableLine>,
    tax_left: Money,
    treatment: Treatment,
}

fn invoice(nets: &[&str], tax: &str) -> Invoice {
    let lines = (1..).zip(nets).map(|(line, net)| CreditableLine { line, left: eur(net) }).collect();
    Invoice { lines, tax_left: eur(tax), treatment: german() }
}

impl Invoice {
    fn asked(&self, wanted: &Wanted) -> Result<Credit, CreditRefused> {
        Creditable { lines: &self.lines, tax_left: self.tax_left, treatment: &self.treatment }.credit(wanted)
    }

    fn credited(&mut self, wanted: &Wanted) -> Credit {
        let credit = self.asked(wanted).unwrap();
        for (line, net) in &credit.lines {
            let known = self.lines.iter_mut().find(|known| known.line == *line).unwrap();
            known.left = domain::billing::minus(known.left, *net).unwrap();
        }
        self.tax_left = domain::billing::minus(self.tax_left, credit.taxes[0].amount).unwrap();
        credit
    }
}

fn gross(amount: &str) -> Wanted {
    Wanted::Gross(eur(amount))
}

fn by_line(lines: &[(u32, &str)]) -> Wanted {
    Wanted::Lines(lines.iter().map(|(line, net)| (*line, eur(net))).collect())
}

/// Net, tax and total.
fn shown(credit: &Credit) -> [String; 3] {
    [credit.net, credit.taxes[0].amount, credit.total].map(|money| money.amount().to_string())
}

#[test]
fn a_gross_amount_is_split_over_the_lines() {
    let credit = invoice(&["152.00", "18.39"], "32.37").asked(&gross("45.22")).unwrap();
    assert_eq!(shown(&credit), ["38.00", "7.22", "45.22"]);
    assert_eq!(credit.lines, [(1, eur("33.90")), (2, eur("4.10"))]);
    assert_eq!(credit.taxes[0].base, eur("38.00"));
}

#[test]
fn all_of_an_invoice_is_all_of_its_lines_and_its_tax() {
    let nets = ["437.50", "127.02", "-20.32", "1500.00", "-1487.67", "69.42"];
    let credit = invoice(&nets, "118.93").asked(&gross("744.88")).unwrap();
    assert_eq!(shown(&credit), ["625.95", "118.93", "744.88"]);
    let credited: Vec<String> = credit.lines.iter().map(|(_, net)| net.amount().to_string()).collect();
    assert_eq!(credited, nets);
}

#[test]
fn a_gross_amount_that_no_net_makes_still_adds_up() {
    let credit = invoice(&["100.00"], "19.00").asked(&gross("0.03")).unwrap();
    assert_eq!(shown(&credit), ["0.03", "0.00", "0.03"], "0.03 has 0.01 of tax, 0.02 has none");
    let credit = invoice(&["100.00"], "19.00").asked(&gross("0.04")).unwrap();
    assert_eq!(shown(&credit), ["0.03", "0.01", "0.04"]);
}

#[test]
fn a_line_named_twice_is_credited_with_the_sum() {
    let credit = invoice(&["152.00", "18.39"], "32.37").asked(&by_line(&[(1, "30.00"), (1, "8.00")])).unwrap();
    assert_eq!((credit.lines.len(), credit.net), (1, eur("38.00")));
}

#[test]
fn nothing_is_credited_beyond_what_is_left() {
    let mut invoice = invoice(&["152.00", "18.39"], "32.37");
    let above = |left: &str| Err(CreditRefused::AboveLimit { left: eur(left) });
    assert_eq!(invoice.asked(&by_line(&[(1, "152.01")])), above("152.00"));
    assert_eq!(invoice.asked(&gross("202.77")), above("202.76"));
    invoice.credited(&by_line(&[(1, "38.00")]));
    assert_eq!(invoice.asked(&by_line(&[(1, "114.01")])), above("114.00"));
    assert_eq!(invoice.asked(&gross("157.55")), above("157.54"));
    assert_eq!(shown(&invoice.credited(&gross("157.54"))), ["132.39", "25.15", "157.54"]);
    assert_eq!(invoice.asked(&gross("0.01")), above("0.00"));
}

#[test]
fn credits_of_a_whole_invoice_add_up_to_its_tax() {
    let mut invoice = invoice(&["0.02", "0.02", "0.02"], "0.01");
    let taxes: Vec<Money> = (1..=3).map(|line| invoice.credited(&by_line(&[(line, "0.02")])).taxes[0].amount).collect();
    assert_eq!(taxes, [eur("0.00"), eur("0.00"), eur("0.01")]);
}

#[test]
fn lines_that_were_credits_are_no_lines_to_credit_and_lower_what_is_left() {
    let invoice = invoice(&["437.50", "-20.32"], "79.26");
    assert_eq!(invoice.asked(&by_line(&[(2, "1.00")])), Err(CreditRefused::AboveLimit { left: eur("-20.32") }));
    assert_eq!(invoice.asked(&by_line(&[(1, "437.50")])), Err(CreditRefused::AboveLimit { left: eur("417.18") }));
}

#[test]
fn nonsense_is_refused() {
    let invoice = invoice(&["152.00"], "28.88");
    assert_eq!(invoice.asked(&by_line(&[(3, "1.00")])), Err(CreditRefused::UnknownLine { line: 3 }));
    assert_eq!(invoice.asked(&by_line(&[])), Err(CreditRefused::NotPositive));
    assert_eq!(invoice.asked(&by_line(&[(1, "0.00")])), Err(CreditRefused::NotPositive));
    assert_eq!(invoice.asked(&gross("-1.00")), Err(CreditRefused::NotPositive));
    let yen = money("1", Currency::JPY);
    let other = |line| Err(CreditRefused::OtherCurrency { line });
    assert_eq!(invoice.asked(&Wanted::Gross(yen)), other(None));
    assert_eq!(invoice.asked(&Wanted::Lines(vec![(1, yen)])), other(Some(1)));
    let refusals = [None, Some(1)].map(|line| Refusal::from(CreditRefused::OtherCurrency { line }));
    assert_eq!(refusals, [Refusal::CurrencyMismatch, Refusal::LineCurrencyMismatch { line: 1 }]);
    assert_eq!(refusals.map(|refusal| refusal.slug()), ["currency-mismatch"; 2]);
}

#[test]
fn commission_goes_back_with_the_line_and_never_more_than_was_earned() {
    let earned = |credited: &str| Earned { commission: eur("2.81"), net: eur("18.39"), credited: eur(credited) };
    let back: Vec<Money> =
        ["0.00", "6.13", "12.26"].map(|credited| earned(credited).reversed_by(eur("6.13")).unwrap()).into();
    assert_eq!(back, [eur("0.94"), eur("0.93"), eur("0.94")]);
    assert_eq!(earned("6.13").reversed_fully(), Ok(eur("1.87")));
    assert_eq!(earned("18.39").reversed_fully(), Ok(eur("0.00")));
    let free = Earned { commission: eur("-16.10"), net: eur("0.00"), credited: eur("0.00") };
    assert_eq!(free.reversed_fully(), Ok(eur("-16.10")));
}
