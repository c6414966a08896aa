use kit::User;

/// What a user may do on the whole platform; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    User,
    /// Looks after users.
    Admin,
    /// Looks after administrators too.
    SuperAdmin,
}

impl Role {
    const ALL: [Self; 3] = [Self::User, Self::Admin, Self::SuperAdmin];

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
            Self::Admin => "admin",
            Self::SuperAdmin => "super_admin",
        }
    }
}
