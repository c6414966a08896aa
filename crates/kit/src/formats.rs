use crate::{App, Error, Input, Operation, Query, Result};
use axum::{
    extract::FromRequestParts,
    http::{header::ACCEPT, request::Parts},
};
use garde::Validate;
use schemars::JsonSchema;
use serde::Deserialize;

/// In which form rows are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a line of heads.
    Csv,
    /// A JSON object a line.
    Json,
}

impl Format {
    /// As it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/x-ndjson",
        }
    }
}

/// In which form rows are wanted: as `format` says, else as `Accept` does.
pub struct Wanted(pub Format);

#[derive(Deserialize, JsonSchema, Validate)]
struct WantedQuery {
    /// `csv` or `json`.
    #[garde(length(max = 8))]
    format: Option<String>,
}

impl FromRequestParts<App> for Wanted {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let Query(WantedQuery { format }) = Query::from_request_parts(parts, app).await?;
        let accept = parts.headers.get(ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
        match format.as_deref() {
            Some("csv") => Ok(Self(Format::Csv)),
            Some("json" | "ndjson") => Ok(Self(Format::Json)),
            Some(_) => Err(Error::invalid("format", "UNKNOWN_FORMAT", "The formats are `csv` and `json`.")),
            None if accept.contains("text/csv") => Ok(Self(Format::Csv)),
            None => Ok(Self(Format::Json)),
        }
    }
}

impl Input for Wanted {
    fn describe(operation: &mut Operation) {
        Query::<WantedQuery>::describe(operation);
    }
}
