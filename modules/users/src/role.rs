use kit::{Share, User};

/// What a user may do on the whole platform; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    User,
    /// Looks on.
    Viewer,
    /// Does the daily work.
    Manager,
    /// Looks after users.
    Admin,
    /// Looks after administrators too.
    SuperAdmin,
}

impl Role {
    /// All of them, the lowest first.
    pub const ALL: [Self; 5] = [Self::User, Self::Viewer, Self::Manager, Self::Admin, Self::SuperAdmin];

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// The role that a user has.
    pub fn of(user: &User) -> Self {
        Self::parse(&user.role).unwrap_or(Self::User)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Viewer => "viewer",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::SuperAdmin => "super_admin",
        }
    }

    /// What it gives: on the platform, and as the last tier in the tenants that they are members of.
    pub fn share(self) -> Share {
        match self {
            Self::User => Share::Actions(&[]),
            Self::Viewer => Share::Actions(&["read"]),
            Self::Manager => Share::Actions(&["read", "write", "view_all"]),
            Self::Admin => Share::Actions(&["read", "write", "delete", "manage", "execute", "view_all"]),
            Self::SuperAdmin => Share::All,
        }
    }
}
