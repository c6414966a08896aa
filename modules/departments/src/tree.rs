use kit::{Error, Result};
use std::{collections::HashMap, iter::successors};
use uuid::Uuid;

/// How many departments stand under one another at most.
pub(crate) const DEEPEST: usize = 8;

/// Which department stands under which.
pub(crate) struct Tree(HashMap<Uuid, Option<Uuid>>);

impl Tree {
    /// Of each department and the one above it.
    pub(crate) fn new(departments: impl IntoIterator<Item = (Uuid, Option<Uuid>)>) -> Self {
        Self(departments.into_iter().collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn knows(&self, id: Uuid) -> bool {
        self.0.contains_key(&id)
    }

    /// Those right below it.
    pub(crate) fn children(&self, id: Uuid) -> Vec<Uuid> {
        self.0.iter().filter(|(_, parent)| **parent == Some(id)).map(|(child, _)| *child).collect()
    }

    /// Refuses a place for a new department, under this one or at the top.
    ///
    /// # Errors
    /// 409 `DEPARTMENT_TOO_DEEP`.
    pub(crate) fn refuse_to_add(&self, under: Option<Uuid>) -> Result<()> {
        self.refuse_deeper(under, 1)
    }

    /// Refuses a place for a department with all that is below it, under this one or at the top.
    ///
    /// # Errors
    /// 409 `DEPARTMENT_CYCLE` where it would stand under itself, `DEPARTMENT_TOO_DEEP`.
    pub(crate) fn refuse_to_move(&self, id: Uuid, under: Option<Uuid>) -> Result<()> {
        self.refuse_cycle(id, under)?;
        self.refuse_deeper(under, self.height(id))
    }

    /// Refuses a place that is the department itself or stands under it.
    ///
    /// # Errors
    /// 409 `DEPARTMENT_CYCLE`.
    pub(crate) fn refuse_cycle(&self, id: Uuid, under: Option<Uuid>) -> Result<()> {
        if self.upwards(under).any(|above| above == id) {
            return Err(Error::conflict("DEPARTMENT_CYCLE", "A department cannot stand under itself."));
        }
        Ok(())
    }

    fn refuse_deeper(&self, under: Option<Uuid>, height: usize) -> Result<()> {
        if self.upwards(under).count() + height <= DEEPEST {
            return Ok(());
        }
        let message = format!("At most {DEEPEST} departments stand under one another.");
        Err(Error::conflict("DEPARTMENT_TOO_DEEP", message).with("limit", DEEPEST))
    }

    /// From this one to the top.
    fn upwards(&self, from: Option<Uuid>) -> impl Iterator<Item = Uuid> {
        successors(from, |id| self.0.get(id).copied().flatten()).take(self.0.len())
    }

    /// How many levels it has, its own included.
    fn height(&self, id: Uuid) -> usize {
        let below = |from: &Uuid| self.upwards(Some(*from)).position(|above| above == id);
        self.0.keys().filter_map(below).max().map_or(1, |levels| levels + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// 1 - 2 - … - n, and one beside them.
    fn chain(length: u128) -> Tree {
        let links = (1..=length).map(|number| (id(number), (number > 1).then(|| id(number - 1))));
        Tree::new(links.chain([(id(100), None)]))
    }

    fn code(outcome: Result<()>) -> String {
        outcome.map_or_else(|refusal| refusal.code().to_owned(), |()| "fine".to_owned())
    }

    #[test]
    fn a_department_does_not_stand_under_itself_or_what_is_below_it() {
        let tree = chain(4);
        for under in 1..=4 {
            assert_eq!(code(tree.refuse_to_move(id(1), Some(id(under)))), "DEPARTMENT_CYCLE");
        }
        assert_eq!(code(tree.refuse_to_move(id(2), Some(id(100)))), "fine");
        assert_eq!(code(tree.refuse_to_move(id(4), Some(id(1)))), "fine");
        assert_eq!(code(tree.refuse_to_move(id(4), None)), "fine");
    }

    #[test]
    fn the_deepest_of_what_is_moved_counts() {
        let tree = chain(DEEPEST as u128);
        assert_eq!(code(tree.refuse_to_add(Some(id(7)))), "fine");
        assert_eq!(code(tree.refuse_to_add(Some(id(8)))), "DEPARTMENT_TOO_DEEP");
        assert_eq!(code(tree.refuse_to_move(id(1), Some(id(100)))), "DEPARTMENT_TOO_DEEP");
        assert_eq!(code(tree.refuse_to_move(id(2), Some(id(100)))), "fine");
        assert_eq!(tree.children(id(3)), [id(4)]);
    }
}
