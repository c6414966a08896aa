//! Who may give and take rights. It is decided at each change, by the rights as they are then.

use crate::{
    ManageSecurity,
    place::{self, Place},
};
use kit::{Error, Permission, Permissions, Result, Time, Tx};
use uuid::Uuid;

/// What somebody is and may do at a place.
pub(crate) struct Rank {
    /// Their first role.
    pub(crate) role: String,
    /// Whether they own the tenant, or look after the administrators of the platform.
    pub(crate) top: bool,
    pub(crate) permissions: Permissions,
}

/// How long something is given, or taken if it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) given: bool,
    /// Without an end if not said.
    pub(crate) until: Option<Time>,
}

/// What changes of something that is given or taken; `None` is neither.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) before: Option<Term>,
    pub(crate) after: Option<Term>,
}

impl Term {
    /// Whether it says the same for at least as long.
    fn keeps(self, other: Self) -> bool {
        let as_long = self.until.is_none_or(|until| other.until.is_some_and(|other| until >= other));
        self.given == other.given && as_long
    }
}

impl Turn {
    fn begins(self, given: bool) -> bool {
        self.after.is_some_and(|after| after.given == given)
    }

    fn ends(self, given: bool) -> bool {
        self.before.is_some_and(|before| before.given == given && !self.after.is_some_and(|after| after.keeps(before)))
    }

    /// Whether somebody may do more by it, or for longer: a revocation that ends gives.
    fn gives(self) -> bool {
        self.begins(true) || self.ends(false)
    }

    /// Whether somebody may do less by it, or for a shorter time: a grant that ends takes.
    fn takes(self) -> bool {
        self.begins(false) || self.ends(true)
    }
}

/// Whoever gives or takes rights, at a place where nobody else does meanwhile.
pub(crate) struct Actor {
    user: Uuid,
    rank: Rank,
}

impl Actor {
    /// Locks the rights of the place.
    ///
    /// # Errors
    /// 403 without `security:manage` at this moment, `SESSION_REQUIRED` for a key, which may hold less than its user,
    /// and `IMPERSONATED` for who acts in another's name.
    pub(crate) async fn of<K: Place>(tx: &mut Tx<K>) -> Result<Self> {
        Self::beside(tx, None).await
    }

    /// The same, and the one whose rights are to change.
    ///
    /// # Errors
    /// The same, and 404 for who is not there.
    pub(crate) async fn facing<K: Place>(tx: &mut Tx<K>, other: Uuid) -> Result<(Self, Target)> {
        let actor = Self::beside(tx, Some(other)).await?;
        let rank = place::rank(tx, other).await?;
        Ok((actor, Target { user: other, rank }))
    }

    async fn beside<K: Place>(tx: &mut Tx<K>, other: Option<Uuid>) -> Result<Self> {
        if tx.actor().api_key.is_some() {
            return Err(Error::session_required());
        }
        if tx.actor().impersonator.is_some() {
            return Err(Error::forbidden("IMPERSONATED", "Nobody gives or takes rights in another's name."));
        }
        let user = tx.user().ok_or_else(Error::unauthenticated)?;
        K::lock(tx, &[&[user][..], other.as_slice()].concat()).await?;
        let rank = place::rank(tx, user).await?;
        let manages = rank.permissions.hold(ManageSecurity::NAME);
        if manages { Ok(Self { user, rank }) } else { Err(Error::lacks(ManageSecurity::NAME)) }
    }

    /// Nobody gives what they do not hold themselves.
    ///
    /// # Errors
    /// 403 `PERMISSION_NOT_HELD`, with what is missing.
    pub(crate) fn refuse_to_give<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> Result<()> {
        let lacking: Vec<_> = names.into_iter().filter(|name| !self.rank.permissions.hold(name)).cloned().collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let message = format!("Nobody gives what they do not hold: {}.", lacking.join(", "));
        Err(Error::forbidden("PERMISSION_NOT_HELD", message).with("permissions", lacking))
    }

    /// Whether they hold what this gives them, such as `role:night-shift`.
    pub(crate) fn has<K: Place>(&self, source: &str) -> bool {
        self.rank.permissions.sources().iter().any(|it| it.tier == K::TIER && it.name == source)
    }

    /// Nobody takes from who is above them, gives themselves anything, or gives what they do not hold; and whoever is
    /// at the top may do everything.
    ///
    /// # Errors
    /// 403 `ROLE_ABOVE_YOUR_OWN`, `OWN_RIGHTS` and `PERMISSION_NOT_HELD`; 409 `OWNER_UNRESTRICTED`.
    pub(crate) fn allow(&self, target: &Target, names: &[String], turn: Turn) -> Result<()> {
        if turn.gives() {
            self.refuse_self(target.user)?;
            self.refuse_to_give(names)?;
        }
        if turn.takes() {
            self.refuse_above(&target.rank)?;
        }
        if turn.begins(false) && target.rank.top {
            let message = format!("Nothing is revoked from `{}`: give them another role first.", target.rank.role);
            return Err(Error::conflict("OWNER_UNRESTRICTED", message));
        }
        Ok(())
    }

    fn refuse_self(&self, user: Uuid) -> Result<()> {
        if user == self.user { Err(own_rights()) } else { Ok(()) }
    }

    fn refuse_above(&self, other: &Rank) -> Result<()> {
        let below = !other.top && self.rank.permissions.cover(&other.permissions);
        if below || self.rank.top {
            return Ok(());
        }
        Err(Error::forbidden(
            "ROLE_ABOVE_YOUR_OWN",
            "They may do what you may not: you cannot take anything from them.",
        ))
    }
}

/// Whose rights are to change, as they are before.
pub(crate) struct Target {
    pub(crate) user: Uuid,
    pub(crate) rank: Rank,
}

/// 403: what somebody holds for a while they could make their own for ever.
pub(crate) fn own_rights() -> Error {
    Error::forbidden("OWN_RIGHTS", "Nobody gives rights to themselves: ask somebody else who holds them.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(before: Option<Term>, after: Option<Term>) -> (bool, bool) {
        let turn = Turn { before, after };
        (turn.gives(), turn.takes())
    }

    #[test]
    fn what_ends_earlier_takes_and_a_revocation_that_ends_earlier_gives() {
        let at = |millis| Some(Time::from_millis(millis));
        let term = |given, until| Some(Term { given, until });
        assert_eq!(turn(None, term(true, None)), (true, false));
        assert_eq!(turn(None, term(false, None)), (false, true));
        assert_eq!(turn(term(true, None), None), (false, true));
        assert_eq!(turn(term(false, None), None), (true, false));
        assert_eq!(turn(term(true, None), term(false, None)), (false, true));
        assert_eq!(turn(term(false, None), term(true, None)), (true, false));
        assert_eq!(turn(term(true, None), term(true, at(1))), (true, true));
        assert_eq!(turn(term(true, at(2)), term(true, at(1))), (true, true));
        assert_eq!(turn(term(true, at(1)), term(true, at(2))), (true, false));
        assert_eq!(turn(term(false, None), term(false, at(1))), (true, true));
        assert_eq!(turn(term(false, at(1)), term(false, None)), (false, true));
    }
}
