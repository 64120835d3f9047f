use ::redis::{ErrorKind, RedisError, ServerErrorKind};

use super::Failure;

/// What a call that failed says of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is there, and does not like what it was asked: another call may fare better.
    Call,
    /// It did not serve the call, and may serve others.
    Unwell,
    /// This connection will serve none.
    Gone,
}

impl Fault {
    pub(super) fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Skipped => Self::Call,
            Failure::TimedOut => Self::Unwell,
            Failure::Failed(error) => Self::of_error(error),
        }
    }

    fn of_error(error: &RedisError) -> Self {
        match error.kind() {
            // A primary that became a replica refuses all writes, and it is another server that the name now leads to.
            ErrorKind::Server(ServerErrorKind::ReadOnly) => Self::Gone,
            // What follows an answer that makes no sense belongs to nobody knows which call.
            ErrorKind::Parse | ErrorKind::AuthenticationFailed => Self::Gone,
            ErrorKind::Io if error.is_connection_dropped() => Self::Gone,
            ErrorKind::Io | ErrorKind::ClusterConnectionNotFound => Self::Unwell,
            // It is starting, has lost its primary, or does not cover the slot: it serves nobody for a while.
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::TryAgain,
            ) => Self::Unwell,
            // A script that does not end, by anyone: until it is killed there is no other answer.
            _ if error.code() == Some("BUSY") => Self::Unwell,
            _ => Self::Call,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use ::redis::parse_redis_value;

    use super::*;

    fn told(answer: &str) -> Fault {
        let value = parse_redis_value(format!("-{answer}\r\n").as_bytes()).unwrap();
        Fault::of_error(&value.extract_error().unwrap_err())
    }

    #[test]
    fn a_server_that_objects_to_a_call_is_well() {
        for answer in [
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "NOSCRIPT No matching script",
            "OOM command not allowed when used memory > 'maxmemory'",
            "MISCONF Errors writing to the AOF file",
            "NOPERM this user has no permissions",
            "ERR unknown command",
            "CROSSSLOT Keys in request don't hash to the same slot",
        ] {
            assert_eq!(told(answer), Fault::Call, "{answer}");
        }
    }

    #[test]
    fn one_that_serves_nobody_for_a_while_is_not() {
        for answer in [
            "LOADING Redis is loading the dataset in memory",
            "CLUSTERDOWN Hash slot not served",
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "BUSY Redis is busy running a script",
        ] {
            assert_eq!(told(answer), Fault::Unwell, "{answer}");
        }
        assert_eq!(Fault::of(&Failure::TimedOut), Fault::Unwell);
    }

    #[test]
    fn a_connection_that_is_of_no_more_use_is_given_up_at_once() {
        assert_eq!(told("READONLY You can't write against a read only replica."), Fault::Gone);
        for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset] {
            let error = io::Error::from(kind);
            assert_eq!(Fault::of(&Failure::Failed(error.into())), Fault::Gone, "{kind}");
        }
    }
}
