//! A price rule as the API shows it.

use chrono::NaiveDate;
use domain::Money;
use domain::price_rule::Formula;
use projections::price_rules::RuleRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::money::MoneyBody;
use crate::http::v1::resource::{Head, percent};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceRule)]
pub struct RuleBody {
    #[serde(flatten)]
    pub head: Head,
    /// `seller`, or the reseller's id.
    #[schema(example = "seller")]
    pub author: String,
    /// What it applies to; an absent part is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reseller_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<Uuid>,
    /// `markup_on_cost`, `margin`, `discount_on_list`, `list` or `fixed`.
    #[schema(example = "markup_on_cost")]
    pub kind: &'static str,
    /// Of the first three kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "25")]
    pub percent: Option<String>,
    /// Of the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyBody>)]
    pub price: Option<Money>,
    pub effective_from: NaiveDate,
}

impl RuleBody {
    /// `staff` sees who made it.
    pub fn of(row: &RuleRow, staff: bool) -> Self {
        let (scope, formula) = (row.rule.scope, row.rule.formula);
        Self {
            head: Head {
                id: row.rule.rule_id,
                created_at: row.made.at,
                updated_at: row.touched.at,
                version: row.version,
                created_by: staff.then(|| row.made.by.clone()),
                updated_by: staff.then(|| row.touched.by.clone()),
            },
            author: scope.author.code(),
            customer_id: scope.customer_id,
            reseller_id: scope.reseller_id,
            service_id: scope.service_id,
            kind: formula.kind(),
            percent: percent_of(formula),
            price: price_of(formula),
            effective_from: row.rule.effective_from,
        }
    }
}

fn percent_of(formula: Formula) -> Option<String> {
    match formula {
        Formula::MarkupOnCost { percent: value }
        | Formula::Margin { percent: value }
        | Formula::DiscountOnList { percent: value } => Some(percent(value)),
        Formula::List | Formula::Fixed { .. } => None,
    }
}

fn price_of(formula: Formula) -> Option<Money> {
    match formula {
        Formula::Fixed { price } => Some(price),
        Formula::MarkupOnCost { .. } | Formula::Margin { .. } | Formula::DiscountOnList { .. } | Formula::List => None,
    }
}
