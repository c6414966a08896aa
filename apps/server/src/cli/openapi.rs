use super::{Context, Failure, print};
use crate::assemble::document;

/// Print the API document
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, _: &Context) -> Result<(), Failure> {
    print(&format!("{:#}\n", document()))
}
