/// What passkeys belong to; provided where the program starts.
#[derive(Clone, Debug, Default)]
pub struct PasskeySettings {
    /// The domain that the pages share which use the passkeys; that of the platform's own address if not said.
    pub domain: Option<String>,
}
