/// Until when a request counts as under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoldUntil {
    /// Until the head of the response is there: for services whose work is done by then, and whose bodies take as long as the
    /// client takes to read them.
    Headers,
    /// Until the body of the response has been sent, or dropped: for services that work while they stream.
    #[default]
    BodyEnd,
}
