use crate::Permission;

/// Something that is told live, as the module declares it that tells it.
#[derive(Debug)]
pub struct Topic {
    /// As clients ask for it, such as `orders`.
    pub name: &'static str,
    /// What a member needs to listen.
    pub permission: &'static str,
}

impl Topic {
    /// What is told to those who may do `P`.
    pub const fn of<P: Permission>(name: &'static str) -> Self {
        Self { name, permission: P::NAME }
    }
}
