use crate::VenueError;

/// What an exchange says of an account's orders without being asked. **It is a hint that it is time to ask, and no
/// truth**: it may come twice, late, in another order or never, so nothing follows from it but a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountNews {
    /// It is heard from now on. What happened before may have been missed.
    Connected,
    /// Something has happened to the order of this name.
    Order(String),
    /// Nothing is heard for a while, for this reason.
    Interrupted(VenueError),
}
