use crate::Error;
use schemars::JsonSchema;
use serde::Serialize;

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JobFailure {
    /// A stable name of the failure, for programs; `UNKNOWN` where nobody wrote it down.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

impl JobFailure {
    /// The one fault of an input has the more precise name.
    pub(super) fn of(error: &Error) -> Self {
        let code = match error.input_faults() {
            [only] => only.code.clone(),
            _ => error.code().to_owned(),
        };
        Self { code, message: error.message().to_owned() }
    }

    /// A failure as a job's row has it.
    pub fn stored(message: Option<String>, code: Option<String>) -> Option<Self> {
        let code = code.unwrap_or_else(|| "UNKNOWN".to_owned());
        message.map(|message| Self { code, message })
    }
}
