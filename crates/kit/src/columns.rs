/// Rows as columns, which one statement takes at once, by `unnest`.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a, T>(pub &'a [T]);

impl<T> Columns<'_, T> {
    /// What each row has in a column.
    pub fn of<C>(&self, column: impl Fn(&T) -> C) -> Vec<C> {
        self.0.iter().map(column).collect()
    }
}
