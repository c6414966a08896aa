//! The list of users, as the protocol asks for it.

use crate::forms::OneOrMany;
use auth::protocol::{Form, UserView, invalid};
use garde::Validate;
use kit::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use users::{Condition, Field, Operator, Search};

/// Which users are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdminListUsers")]
pub(crate) struct ListUsers {
    /// Only those whose name or address has this in it.
    #[garde(length(max = 254))]
    search_value: Option<String>,
    /// Where it is searched; in the address if not said.
    #[garde(skip)]
    search_field: Option<SearchField>,
    /// How; anywhere if not said.
    #[garde(skip)]
    search_operator: Option<SearchOperator>,
    /// How many at most: 1000 at most, 100 if not said.
    #[schemars(with = "Option<u32>")]
    #[garde(length(max = 20))]
    limit: Option<String>,
    /// How many to leave out before them.
    #[schemars(with = "Option<u32>")]
    #[garde(length(max = 20))]
    offset: Option<String>,
    /// In which order; by their ids, which is by age, if not said.
    #[garde(skip)]
    sort_by: Option<Field>,
    #[garde(skip)]
    sort_direction: Option<Direction>,
    /// Which field is compared; the address if not said.
    #[garde(skip)]
    filter_field: Option<Field>,
    /// With what; `in` and `not_in` take several.
    #[garde(inner(custom(crate::forms::few)))]
    filter_value: Option<OneOrMany>,
    /// How; `eq` if not said.
    #[garde(skip)]
    filter_operator: Option<Operator>,
}

impl Form for ListUsers {}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "UserSearchField")]
enum SearchField {
    Email,
    Name,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UserSearchOperator")]
enum SearchOperator {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "UserSortDirection")]
enum Direction {
    Asc,
    Desc,
}

/// A part of the list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AdminUsers")]
pub(crate) struct Users {
    pub(crate) users: Vec<UserView>,
    /// How many there are of what was asked for, with those that are not on this part.
    pub(crate) total: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<i64>,
}

impl ListUsers {
    const USUAL: i64 = 100;
    const MOST: i64 = 1000;

    /// How many are asked for, if it is said in figures.
    pub(crate) fn limit(&self) -> Option<i64> {
        positive(self.limit.as_deref()).map(|limit| limit.min(Self::MOST))
    }

    /// How many are left out, if it is said in figures.
    pub(crate) fn offset(&self) -> Option<i64> {
        positive(self.offset.as_deref())
    }

    /// The search that is meant.
    ///
    /// # Errors
    /// 400 for a value that is not of its field's type.
    pub(crate) fn search(&self) -> Result<Search> {
        let conditions = [self.searched(), self.filtered()?].into_iter().flatten().collect();
        Ok(Search {
            conditions,
            sort: self.sort_by.unwrap_or(Field::Id),
            descending: self.sort_direction == Some(Direction::Desc),
            limit: self.limit().unwrap_or(Self::USUAL),
            offset: self.offset().unwrap_or(0),
        })
    }

    fn searched(&self) -> Option<Condition> {
        let value = self.search_value.clone().filter(|value| !value.is_empty())?;
        let field = match self.search_field {
            Some(SearchField::Name) => Field::Name,
            Some(SearchField::Email) | None => Field::Email,
        };
        let operator = match self.search_operator {
            Some(SearchOperator::StartsWith) => Operator::StartsWith,
            Some(SearchOperator::EndsWith) => Operator::EndsWith,
            Some(SearchOperator::Contains) | None => Operator::Contains,
        };
        Condition::new(field, operator, &[value])
    }

    fn filtered(&self) -> Result<Option<Condition>> {
        let Some(value) = &self.filter_value else { return Ok(None) };
        let field = self.filter_field.unwrap_or(Field::Email);
        let operator = self.filter_operator.unwrap_or(Operator::Eq);
        let condition = Condition::new(field, operator, value.texts());
        condition.map(Some).ok_or_else(|| invalid("query", "filterValue", "Invalid input: it does not fit the field"))
    }
}

/// What is no figure above zero is not said, as the protocol has it.
fn positive(text: Option<&str>) -> Option<i64> {
    text?.parse().ok().filter(|figure| *figure > 0)
}
