//! Invoices: what may happen to them in which state, what is left to pay, and how long ones are kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod invoicing;
mod people;

use domain::decider::Fact;
use domain::document::DocumentFormat;
use domain::invoice::{
    AppliedCredit, CreditedLine, InvoiceCommand as C, InvoiceEvent, InvoiceRules, InvoiceStatus, IssuedInvoice,
};
use domain::{Currency, Money, Refusal, codec};
use invoicing::*;
use people::{asked, decide, given};
use uuid::Uuid;

/// Every state of an invoice of 178.50, and what makes a difference within one.
fn histories() -> [(&'static str, Vec<InvoiceEvent>); 10] {
    let then = |command: C| after(issued(), &command);
    let late = C::NoteOverdue { today: day("2026-12-02") };
    [
        ("none", Vec::new()),
        ("draft", told(&[draft(two_lines())])),
        ("discarded", told(&[draft(two_lines()), C::Discard])),
        ("issued", issued()),
        ("issued, some paid", then(pay("8.50"))),
        ("issued, some credited", then(apply(credit("10.00")))),
        ("overdue", then(late)),
        ("paid", then(pay("178.50"))),
        ("void", then(C::Void)),
        ("uncollectible", then(C::WriteOff)),
    ]
}

/// The events' names, `-` for a success without any, a slug for a refusal.
fn answer(history: &[InvoiceEvent], command: &C) -> String {
    match decide::<InvoiceRules>(history, command) {
        Ok(decided) if decided.events.is_empty() => "-".to_owned(),
        Ok(decided) => decided.events.iter().map(Fact::name).collect::<Vec<_>>().join(" "),
        Err(refusal) => refusal.slug().to_owned(),
    }
}

/// Columns as in [`histories`].
#[test]
fn every_state_answers_every_command() {
    let (no, bad, nil) = ("not-found", "invalid-state", "-");
    let other = Uuid::from_u128(0x9b);
    let (credited, booked) = ("CreditApplied", "PaymentBooked");
    let nothing_left = AppliedCredit { credit_note_id: other, applied: eur("0.00"), ..credit("10.00") };
    let (document, overdue) = (C::StoreDocument(stored(DocumentFormat::Pdf)), "InvoiceOverdue");
    let today = |today| C::NoteOverdue { today: day(today) };
    let (paid_rest, paid_up) = ("PaymentBooked InvoicePaid", "BalanceApplied InvoicePaid");
    let table: [(C, [&str; 10]); 14] = [
        (draft(two_lines()), ["InvoiceDrafted", nil, bad, bad, bad, bad, bad, bad, bad, bad]),
        (issue(two_lines()), ["InvoiceIssued", "InvoiceIssued", bad, nil, nil, nil, nil, nil, bad, nil]),
        (C::Discard, [no, "InvoiceDiscarded", nil, bad, bad, bad, bad, bad, bad, bad]),
        (C::ApplyBalance { amount: eur("0.00") }, [no, bad, bad, nil, nil, nil, nil, bad, bad, bad]),
        (C::ApplyBalance { amount: eur("178.50") }, [no, bad, bad, paid_up, bad, bad, paid_up, bad, bad, bad]),
        (apply(credit("10.00")), [no, bad, bad, credited, credited, nil, credited, bad, bad, credited]),
        (apply(nothing_left), [no, bad, bad, credited, credited, credited, credited, credited, bad, credited]),
        (paid_with(other, "170.00", "170.00"), [no, bad, bad, booked, paid_rest, bad, booked, bad, bad, booked]),
        (paid_with(other, "5.00", "0.00"), [no, bad, bad, booked, booked, booked, booked, booked, booked, booked]),
        (today("2026-12-01"), [no, nil, nil, nil, nil, nil, nil, nil, nil, nil]),
        (today("2026-12-02"), [no, nil, nil, overdue, overdue, overdue, nil, nil, nil, nil]),
        (document, [no, bad, bad].into_iter().chain(["DocumentStored"; 7]).collect::<Vec<_>>().try_into().unwrap()),
        (C::Void, [no, bad, bad, "InvoiceVoided", bad, bad, "InvoiceVoided", bad, nil, bad]),
        (C::WriteOff, {
            let off = "InvoiceUncollectible";
            [no, bad, bad, off, off, off, off, bad, bad, nil]
        }),
    ];
    for (command, answers) in table {
        for ((state, history), expected) in histories().into_iter().zip(answers) {
            assert_eq!(answer(&history, &command), expected, "{command:?} while {state}");
        }
    }
}

#[test]
fn an_invoice_is_what_was_issued() {
    let issued = issuing(two_lines());
    let state = invoice(&told(&[C::Issue(Box::new(issued.clone()))]));
    assert_eq!((state.id(), state.status, state.contents), (INVOICE, InvoiceStatus::Issued, issued.contents));
    let issue = state.issue.unwrap();
    assert_eq!((issue.number, issue.due_on, issue.reference), (issued.number, issued.due_on, issued.reference));
    assert_eq!((issue.seller, issue.buyer), (issued.seller, issued.buyer));
    assert_eq!((state.balance, state.applied_credit), (eur("178.50"), eur("0.00")));
}

#[test]
fn a_draft_may_be_issued_otherwise_than_it_was_drafted() {
    let history = told(&[draft(two_lines()), issue(contents(&["100.00"]))]);
    let state = invoice(&history);
    assert_eq!((state.balance, state.contents.lines.len()), (eur("119.00"), 1));
}

#[test]
fn nothing_to_pay_is_paid_at_once() {
    for free in [contents(&[]), contents(&["10.00", "-10.00"]), contents(&["0.00"])] {
        let history = told(&[draft(free.clone())]);
        given::<InvoiceRules>(&history).when(asked(issue(free.clone()))).then_expect_events(vec![
            InvoiceEvent::InvoiceIssued(Box::new(issuing(free))),
            InvoiceEvent::InvoicePaid {},
        ]);
    }
    let many = contents_of((1..=201).map(|n| line(n, eur("0.00"))).collect());
    assert_eq!(answer(&[], &issue(many)), "InvoiceIssued InvoiceLinesAdded InvoicePaid");
}

#[test]
fn what_is_left_to_pay_goes_down_to_nothing_and_then_it_is_paid() {
    let history =
        told(&[issue(two_lines()), C::ApplyBalance { amount: eur("20.00") }, apply(credit("10.00")), pay("140.00")]);
    let state = invoice(&history);
    assert_eq!((state.balance, state.applied_credit, state.status), (eur("6.60"), eur("20.00"), InvoiceStatus::Issued));
    let last = paid_with(Uuid::from_u128(0x9b), "10.00", "6.60");
    assert_eq!(answer(&history, &last), "PaymentBooked InvoicePaid");
    let state = invoice(&after(history, &last));
    assert_eq!((state.balance, state.status, state.payments.len()), (eur("0.00"), InvoiceStatus::Paid, 2));
}

#[test]
fn a_credit_note_can_be_what_pays_it() {
    let whole = AppliedCredit {
        lines: vec![CreditedLine { line: 1, net: eur("100.00") }, CreditedLine { line: 2, net: eur("50.00") }],
        taxes: vec![taxed(eur("150.00"), eur("28.50"))],
        total: eur("178.50"),
        applied: eur("178.50"),
        ..credit("10.00")
    };
    assert_eq!(answer(&issued(), &apply(whole)), "CreditApplied InvoicePaid");
}

#[test]
fn nobody_pays_more_than_what_is_left_nor_less_than_nothing() {
    let refused = Refusal::InvalidState { state: "paid" };
    let partly = after(issued(), &pay("100.00"));
    let commands = [
        C::ApplyBalance { amount: eur("78.51") },
        C::ApplyBalance { amount: eur("-0.01") },
        paid_with(NOTE, "100.00", "78.51"),
        paid_with(NOTE, "-1.00", "-1.00"),
        // More than came in.
        paid_with(NOTE, "10.00", "10.01"),
        apply(AppliedCredit { applied: eur("78.51"), ..credit("66.00") }),
        // More than the note is about.
        apply(AppliedCredit { applied: eur("11.91"), ..credit("10.00") }),
    ];
    for command in commands {
        given::<InvoiceRules>(&partly).when(asked(command)).then_expect_error(refused.clone());
    }
    let dollars = Money::rounded("1.00".parse().unwrap(), Currency::USD);
    given::<InvoiceRules>(&partly)
        .when(asked(C::ApplyBalance { amount: dollars }))
        .then_expect_error(Refusal::AmountOverflow);
}

#[test]
fn the_same_payment_and_the_same_credit_count_once() {
    let history = after(after(issued(), &pay("100.00")), &apply(credit("10.00")));
    for again in [pay("100.00"), pay("1.00"), apply(credit("10.00")), apply(credit("1.00"))] {
        given::<InvoiceRules>(&history).when(asked(again)).then_expect_events(vec![]);
    }
}

#[test]
fn a_line_is_credited_up_to_its_net_and_its_tax() {
    let history = after(issued(), &apply(credit("60.00")));
    let state = invoice(&history);
    let left: Vec<_> = state.lines_left().unwrap().into_iter().map(|line| (line.line, line.left)).collect();
    assert_eq!(left, [(1, eur("40.00")), (2, eur("50.00"))]);
    assert_eq!(state.tax_left(), Ok(eur("17.10")));
    let next = |net: &str| AppliedCredit { credit_note_id: PAYMENT, ..credit(net) };
    let refused = |credit: AppliedCredit| decide::<InvoiceRules>(&history, &apply(credit)).unwrap_err();
    assert_eq!(refused(next("40.01")), Refusal::CreditLimit { left: eur("40.00") });
    assert_eq!(refused(next("-0.01")), Refusal::CreditLimit { left: eur("40.00") });
    let nowhere = AppliedCredit { lines: vec![CreditedLine { line: 3, net: eur("1.00") }], ..next("1.00") };
    assert_eq!(refused(nowhere), Refusal::UnknownLine { line: 3 });
    let untaxed = AppliedCredit { taxes: vec![taxed(eur("1.00"), eur("17.11"))], ..next("1.00") };
    assert_eq!(refused(untaxed), Refusal::CreditLimit { left: eur("17.10") });
    assert_eq!(answer(&history, &apply(next("40.00"))), "CreditApplied");
    let in_two = |net: &str| {
        let lines = vec![CreditedLine { line: 1, net: eur("20.00") }, CreditedLine { line: 1, net: eur(net) }];
        apply(AppliedCredit { lines, ..next("1.00") })
    };
    assert_eq!(answer(&history, &in_two("20.01")), "credit-limit", "together they are too much");
    assert_eq!(answer(&history, &in_two("20.00")), "CreditApplied");
}

#[test]
fn a_line_that_is_a_credit_is_taken_back_in_its_own_direction() {
    let history = told(&[issue(contents(&["100.00", "-40.00"]))]);
    let share = |net: &str| AppliedCredit { lines: vec![CreditedLine { line: 2, net: eur(net) }], ..credit("0.00") };
    assert_eq!(answer(&history, &apply(share("-40.00"))), "CreditApplied");
    for beyond in ["-40.01", "0.01"] {
        assert_eq!(answer(&history, &apply(share(beyond))), "credit-limit", "{beyond}");
    }
}

#[test]
fn void_is_only_what_nobody_paid_or_corrected() {
    let refused = |history: &[InvoiceEvent]| decide::<InvoiceRules>(history, &C::Void).unwrap_err();
    assert_eq!(refused(&after(issued(), &pay("1.00"))), Refusal::InvalidState { state: "paid" });
    assert_eq!(refused(&after(issued(), &apply(credit("1.00")))), Refusal::InvalidState { state: "credited" });
    let by_balance = after(issued(), &C::ApplyBalance { amount: eur("20.00") });
    assert_eq!(answer(&by_balance, &C::Void), "InvoiceVoided", "the balance has it back");
}

#[test]
fn another_may_take_the_place_of_what_is_void_or_discarded() {
    let withdrawn = histories().map(|(name, history)| (name, !history.is_empty() && invoice(&history).is_withdrawn()));
    let names: Vec<_> = withdrawn.into_iter().filter(|(_, withdrawn)| *withdrawn).map(|(name, _)| name).collect();
    assert_eq!(names, ["discarded", "void"]);
}

#[test]
fn overdue_ends_with_payment_and_with_voiding() {
    let late = after(issued(), &C::NoteOverdue { today: day("2026-12-02") });
    assert!(invoice(&late).overdue);
    assert!(!invoice(&after(late.clone(), &pay("178.50"))).overdue);
    assert!(!invoice(&after(late.clone(), &C::Void)).overdue);
    assert!(invoice(&after(late, &pay("178.49"))).overdue);
}

#[test]
fn money_for_what_is_void_is_seen_and_pays_nothing() {
    let void = after(issued(), &C::Void);
    let state = invoice(&after(void.clone(), &paid_with(PAYMENT, "178.50", "0.00")));
    assert_eq!((state.status, state.balance, state.payments.len()), (InvoiceStatus::Void, eur("178.50"), 1));
    let refused = decide::<InvoiceRules>(&void, &pay("178.50")).unwrap_err();
    assert_eq!(refused, Refusal::InvalidState { state: "void" });
}

#[test]
fn what_was_written_off_can_still_be_paid() {
    let history = after(issued(), &C::WriteOff);
    assert_eq!(answer(&history, &pay("178.50")), "PaymentBooked InvoicePaid");
    assert_eq!(answer(&history, &pay("8.50")), "PaymentBooked");
}

#[test]
fn a_document_of_each_format_is_stored_once() {
    let store = |format| C::StoreDocument(stored(format));
    let history = DocumentFormat::ALL.into_iter().fold(issued(), |history, format| after(history, &store(format)));
    let state = invoice(&history);
    for format in DocumentFormat::ALL {
        assert_eq!(state.document(format), Some(&stored(format)));
        given::<InvoiceRules>(&history).when(asked(store(format))).then_expect_events(vec![]);
    }
}

/// How many lines each event has that has any.
fn lines_by_event(events: &[InvoiceEvent]) -> Vec<usize> {
    let lines = |event: &InvoiceEvent| match event {
        InvoiceEvent::InvoiceDrafted(contents) => contents.lines.len(),
        InvoiceEvent::InvoiceIssued(issued) => issued.contents.lines.len(),
        InvoiceEvent::InvoiceLinesAdded { lines } => lines.len(),
        InvoiceEvent::CreditApplied(credit) => credit.lines.len(),
        InvoiceEvent::CreditedLinesAdded { lines, .. } => lines.len(),
        other => panic!("{other:?}"),
    };
    events.iter().map(lines).collect()
}

#[test]
fn lines_are_divided_among_events_and_folded_into_one_invoice() {
    let cases = [
        (0, vec![0]),
        (1, vec![1]),
        (200, vec![200]),
        (201, vec![200, 1]),
        (1_000, vec![200; 5]),
        (1_001, vec![200, 200, 200, 200, 200, 1]),
    ];
    for (count, parts) in cases {
        for command in [draft(many(count)), issue(many(count))] {
            let events = told(&[command]);
            let of_lines: Vec<_> =
                events.iter().filter(|event| !matches!(event, InvoiceEvent::InvoicePaid {})).cloned().collect();
            assert_eq!(lines_by_event(&of_lines), parts, "{count} lines");
            assert_eq!(invoice(&events).contents, many(count), "{count} lines");
            assert!(longest_bytes(&events) < EVENT_LIMIT_BYTES);
        }
    }
}

#[test]
fn however_long_the_words_are_an_event_stays_below_its_limit() {
    let contents = contents_of((1..=1_000).map(long_worded).collect());
    let events = told(&[issue(contents.clone())]);
    assert!(events.len() > 5, "not by number alone: {}", events.len());
    let longest = longest_bytes(&events);
    assert!(longest < EVENT_LIMIT_BYTES, "{longest} bytes");
    assert_eq!(invoice(&events).contents, contents);
}

#[test]
fn the_lines_of_a_credit_are_divided_likewise() {
    let history = told(&[issue(many(1_000))]);
    let lines = (1..=1_000).map(|line| CreditedLine { line, net: eur("1.00") }).collect();
    let taxes = vec![taxed(eur("1000.00"), eur("190.00"))];
    let total = eur("1190.00");
    let credit = AppliedCredit { credit_note_id: NOTE, lines, taxes, total, applied: total };
    let events = decide::<InvoiceRules>(&history, &apply(credit.clone())).unwrap().events;
    assert_eq!(lines_by_event(&events), [200; 5]);
    assert!(longest_bytes(&events) < EVENT_LIMIT_BYTES);
    let state = invoice(&[history, events].concat());
    assert_eq!(state.credits, [credit]);
    assert!(state.lines_left().unwrap().iter().all(|line| line.left == eur("9.00")));
}

#[test]
fn an_event_is_read_as_it_was_written() {
    let history = told(&[issue(two_lines()), apply(credit("10.00")), pay("50.00")]);
    for event in history {
        let stored = codec::encode(&event.clone().into()).unwrap();
        assert_eq!(codec::decode("invoice", event.name(), event.version(), &stored), Ok(event.into()));
    }
}

/// What nobody has is absent, so that a thousand lines stay short.
#[test]
fn an_issued_line_says_only_what_there_is() {
    let IssuedInvoice { contents, .. } = issuing(contents(&["100.00"]));
    let json = serde_json::to_string(&contents.lines[0]).unwrap();
    for absent in ["commission", "reseller_amount", "bill_on", "end_customer"] {
        assert!(!json.contains(absent), "{json}");
    }
    assert!(json.len() < 700, "{} bytes: {json}", json.len());
}
