//! Reading an object's fields and telling everything that is wrong with it at once.
//!
//! A type says how it is read; reading goes on after a fault, so that the answer lists all of them:
//!
//! ```ignore
//! impl FromFields for NewAccount {
//!     fn read(f: &mut Fields<'_>) -> Option<Self> {
//!         let customer_id = f.required("customer_id", values::uuid);
//!         let name = f.required("name", values::text);
//!         let contact = f.optional_object("contact");
//!         Some(Self { customer_id: customer_id?, name: name?, contact })
//!     }
//! }
//! ```

use std::ops::RangeInclusive;

use domain::{Money, UnitPrice, money};

use super::json::{self, Json};
use super::limits::{POINTER_NAME_CHARS, QUANTITY_MAX, QUANTITY_MIN, REPORTED_ERRORS};
use super::problem::{FieldError, Problem, ProblemType};
use super::values::{self, Fault};

/// A value read from a JSON object.
pub trait FromFields: Sized {
    /// `None` when something needed is absent or wrong; the fields have noted what.
    fn read(f: &mut Fields<'_>) -> Option<Self>;
}

/// What a merge patch says about a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Leave it as it is.
    #[default]
    Absent,
    /// Remove it.
    Null,
    /// Replace it.
    Value(T),
}

/// The body as the value it stands for.
///
/// # Errors
/// `malformed-json`, or 422 with every fault found; the first one names the problem.
pub fn parse_body<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    let body = json::parse(bytes)?;
    let mut root = Fields::new(&[], String::new());
    let value = root.object_at(&body, String::new());
    root.finish(value)
}

/// The fields of one object, with what was found wrong so far.
#[derive(Debug)]
pub struct Fields<'a> {
    entries: &'a [(String, Json)],
    known: Vec<&'static str>,
    pointer: String,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    fn new(entries: &'a [(String, Json)], pointer: String) -> Self {
        Self { entries, known: Vec::new(), pointer, errors: Vec::new() }
    }

    /// A text field that must be there and is read by `reader`.
    pub fn required<T>(&mut self, name: &'static str, reader: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let json = self.needed(name)?;
        self.text_at(name, json, ProblemType::InvalidType, reader)
    }

    /// A text field that may be absent or null.
    pub fn optional<T>(&mut self, name: &'static str, reader: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let json = self.given(name)?;
        self.text_at(name, json, ProblemType::InvalidType, reader)
    }

    /// A text field that may be absent but, if there, not null: a merge patch of what cannot be removed.
    pub fn optional_not_null<T>(
        &mut self,
        name: &'static str,
        reader: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if self.is_absent(name) { None } else { self.required(name, reader) }
    }

    /// A text field of a merge patch.
    pub fn patch<T>(&mut self, name: &'static str, reader: impl FnOnce(&str) -> Result<T, Fault>) -> Patch<T> {
        match self.look_up(name) {
            None => Patch::Absent,
            Some(Json::Null) => Patch::Null,
            Some(json) => {
                self.text_at(name, json, ProblemType::InvalidType, reader).map_or(Patch::Absent, Patch::Value)
            }
        }
    }

    /// A decimal written as text; a number there is `invalid-amount`.
    pub fn required_amount<T>(&mut self, name: &'static str, reader: impl Fn(&str) -> Result<T, Fault>) -> Option<T> {
        let json = self.needed(name)?;
        self.text_at(name, json, ProblemType::InvalidAmount, reader)
    }

    /// Like [`Self::required_amount`], and may be absent or null.
    pub fn optional_amount<T>(&mut self, name: &'static str, reader: impl Fn(&str) -> Result<T, Fault>) -> Option<T> {
        let json = self.given(name)?;
        self.text_at(name, json, ProblemType::InvalidAmount, reader)
    }

    /// Seats: an integer from 1 to 100000. Null is not a quantity.
    pub fn required_quantity(&mut self, name: &'static str) -> Option<u32> {
        let Some(json) = self.look_up(name) else {
            return self.missing(name);
        };
        self.quantity_at(name, json)
    }

    /// Like [`Self::required_quantity`], and may be absent or null.
    pub fn optional_quantity(&mut self, name: &'static str) -> Option<u32> {
        let json = self.given(name)?;
        self.quantity_at(name, json)
    }

    /// An integer within a range, which may be absent or null.
    pub fn optional_integer(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let json = self.given(name)?;
        self.integer_at(name, json, range)
    }

    /// Like [`Self::optional_integer`], and must be there.
    pub fn required_integer(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let json = self.needed(name)?;
        self.integer_at(name, json, range)
    }

    fn integer_at(&mut self, name: &'static str, json: &Json, range: RangeInclusive<i64>) -> Option<i64> {
        let Json::Integer(number) = json else {
            return self.reject(name, ProblemType::InvalidType, "An integer is wanted.");
        };
        let within = i64::try_from(*number).ok().filter(|number| range.contains(number));
        within.or_else(|| {
            let detail = format!("The number lies from {} to {}.", range.start(), range.end());
            self.reject(name, ProblemType::InvalidValue, detail)
        })
    }

    /// True or false, which may be absent or null.
    pub fn optional_boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.given(name)? {
            Json::Bool(value) => Some(*value),
            _ => self.reject(name, ProblemType::InvalidType, "True or false is wanted."),
        }
    }

    /// An object that must be there.
    pub fn required_object<T: FromFields>(&mut self, name: &'static str) -> Option<T> {
        let json = self.needed(name)?;
        self.object_at(json, self.pointer_to(name))
    }

    /// An object that may be absent or null.
    pub fn optional_object<T: FromFields>(&mut self, name: &'static str) -> Option<T> {
        let json = self.given(name)?;
        self.object_at(json, self.pointer_to(name))
    }

    /// An object of a merge patch.
    pub fn patch_object<T: FromFields>(&mut self, name: &'static str) -> Patch<T> {
        match self.look_up(name) {
            None => Patch::Absent,
            Some(Json::Null) => Patch::Null,
            Some(json) => self.object_at(json, self.pointer_to(name)).map_or(Patch::Absent, Patch::Value),
        }
    }

    /// A list of objects with a number of items within `sizes`. Too few is `missing-field`, too many `too-many-items`.
    pub fn required_list<T: FromFields>(&mut self, name: &'static str, sizes: RangeInclusive<usize>) -> Option<Vec<T>> {
        let items = self.items(name, sizes)?;
        let pointer = self.pointer_to(name);
        let read = items.iter().enumerate().map(|(at, item)| self.object_at(item, format!("{pointer}/{at}")));
        // Collected before judging, so that the faults of all items are found.
        read.collect::<Vec<_>>().into_iter().collect()
    }

    /// A list of texts, each read by `reader`.
    pub fn required_texts<T>(
        &mut self,
        name: &'static str,
        sizes: RangeInclusive<usize>,
        reader: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let items = self.items(name, sizes)?;
        let pointer = self.pointer_to(name);
        let read = items.iter().enumerate().map(|(at, item)| self.text_item(item, format!("{pointer}/{at}"), &reader));
        read.collect::<Vec<_>>().into_iter().collect()
    }

    /// Whether the field is not in the object at all, not even as null.
    pub fn is_absent(&mut self, name: &'static str) -> bool {
        self.look_up(name).is_none()
    }

    /// Notes a fault of a field that only shows together with others.
    pub fn reject<T>(&mut self, name: &'static str, kind: ProblemType, detail: impl Into<String>) -> Option<T> {
        self.note(self.pointer_to(name), Fault::new(kind, detail))
    }

    fn look_up(&mut self, name: &'static str) -> Option<&'a Json> {
        self.known.push(name);
        self.entries.iter().find(|(key, _)| key == name).map(|(_, json)| json)
    }

    fn given(&mut self, name: &'static str) -> Option<&'a Json> {
        self.look_up(name).filter(|json| **json != Json::Null)
    }

    fn needed(&mut self, name: &'static str) -> Option<&'a Json> {
        let given = self.given(name);
        if given.is_none() { self.missing(name) } else { given }
    }

    fn missing<T>(&mut self, name: &'static str) -> Option<T> {
        self.reject(name, ProblemType::MissingField, "The field is required.")
    }

    fn text_at<T>(
        &mut self,
        name: &'static str,
        json: &Json,
        otherwise: ProblemType,
        reader: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let read = match json {
            Json::Text(text) => reader(text),
            _ => Err(Fault::new(otherwise, "Text in quotes is wanted.")),
        };
        read.map_or_else(|fault| self.note(self.pointer_to(name), fault), Some)
    }

    fn text_item<T>(&mut self, item: &Json, pointer: String, reader: impl Fn(&str) -> Result<T, Fault>) -> Option<T> {
        let read = match item {
            Json::Text(text) => reader(text),
            _ => Err(Fault::new(ProblemType::InvalidType, "Text in quotes is wanted.")),
        };
        read.map_or_else(|fault| self.note(pointer, fault), Some)
    }

    fn quantity_at(&mut self, name: &'static str, json: &Json) -> Option<u32> {
        let number = if let Json::Integer(number) = json { u32::try_from(*number).ok() } else { None };
        let quantity = number.filter(|number| (QUANTITY_MIN..=QUANTITY_MAX).contains(number));
        quantity.or_else(|| {
            let detail = format!("A quantity is an integer from {QUANTITY_MIN} to {QUANTITY_MAX}.");
            self.reject(name, ProblemType::InvalidQuantity, detail)
        })
    }

    fn items(&mut self, name: &'static str, sizes: RangeInclusive<usize>) -> Option<&'a [Json]> {
        let Json::List(items) = self.needed(name)? else {
            return self.reject(name, ProblemType::InvalidType, "A list is wanted.");
        };
        if items.len() > *sizes.end() {
            return self.reject(name, ProblemType::TooManyItems, format!("At most {} items.", sizes.end()));
        }
        if items.len() < *sizes.start() {
            return self.reject(name, ProblemType::MissingField, format!("At least {} items.", sizes.start()));
        }
        Some(items)
    }

    fn object_at<T: FromFields>(&mut self, json: &Json, pointer: String) -> Option<T> {
        let Json::Object(entries) = json else {
            return self.note(pointer, Fault::new(ProblemType::InvalidType, "An object is wanted."));
        };
        let mut inner = Fields::new(entries, pointer);
        let value = T::read(&mut inner);
        inner.note_unknown();
        self.errors.append(&mut inner.errors);
        self.errors.truncate(REPORTED_ERRORS);
        value
    }

    fn note_unknown(&mut self) {
        let (entries, known) = (self.entries, std::mem::take(&mut self.known));
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.as_str())).take(REPORTED_ERRORS) {
            let shown: String = key.chars().take(POINTER_NAME_CHARS).collect();
            let fault = Fault::new(ProblemType::UnknownField, "There is no field of this name here.");
            self.note::<()>(self.pointer_to(&shown), fault);
        }
    }

    fn note<T>(&mut self, pointer: String, fault: Fault) -> Option<T> {
        if self.errors.len() < REPORTED_ERRORS {
            self.errors.push(FieldError { pointer, slug: fault.kind.slug().to_owned(), detail: fault.detail });
        }
        None
    }

    fn pointer_to(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }

    /// A value without any fault, or all faults. A value missing without one is our own mistake.
    fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        if !self.errors.is_empty() {
            return Err(Problem::of_errors(self.errors));
        }
        value.ok_or_else(|| ProblemType::Internal.into())
    }
}

/// The body of an operation that takes none: `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nothing;

impl FromFields for Nothing {
    fn read(_: &mut Fields<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl FromFields for Money {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let currency = f.required("currency", values::currency);
        let decimals = currency.map_or(money::UNIT_PRICE_DECIMALS, money::decimals);
        let amount = f.required_amount("amount", values::decimal(decimals));
        Some(Self::rounded(amount?, currency?))
    }
}

impl FromFields for UnitPrice {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let currency = f.required("currency", values::currency);
        let amount = f.required_amount("amount", values::decimal(money::UNIT_PRICE_DECIMALS));
        Some(Self::rounded(amount?, currency?))
    }
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
