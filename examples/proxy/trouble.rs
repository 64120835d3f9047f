//! Why there is no response to pass on.

use std::time::Duration;

use http::{StatusCode, uri::Authority};
use hyper_util::client::legacy;
use tower_weir::error::BoxError;

use super::log::causes;

#[derive(Debug)]
pub(crate) enum Trouble {
    Unreachable(BoxError),
    Broken(BoxError),
    /// The client's body broke off or is malformed.
    Upload,
    Unfit(&'static str),
    TooLate(Duration),
}

impl Trouble {
    pub(crate) fn of_pool(error: legacy::Error) -> Self {
        if error.is_connect() {
            Self::Unreachable(error.into())
        } else if cause(&error).is_some_and(hyper::Error::is_user) {
            Self::Upload
        } else {
            Self::Broken(error.into())
        }
    }

    pub(crate) fn of_connection(error: hyper::Error) -> Self {
        if error.is_user() { Self::Upload } else { Self::Broken(error.into()) }
    }

    pub(crate) fn told_to_clients(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unreachable(_) => {
                (StatusCode::BAD_GATEWAY, "The upstream server cannot be reached.")
            }
            Self::Broken(_) | Self::Unfit(_) => {
                (StatusCode::BAD_GATEWAY, "The upstream server gave no proper response.")
            }
            Self::TooLate(_) => {
                (StatusCode::GATEWAY_TIMEOUT, "The upstream server did not respond in time.")
            }
            Self::Upload => (StatusCode::BAD_REQUEST, "The request's body could not be read."),
        }
    }

    /// For the operator, who may know more than a client.
    pub(crate) fn explained(&self, upstream: &Authority) -> String {
        match self {
            Self::Unreachable(error) | Self::Broken(error) => {
                format!("{upstream}: {}", causes(&**error))
            }
            Self::Unfit(why) => format!("the response of {upstream} cannot be passed on: {why}"),
            Self::TooLate(patience) => format!("no answer from {upstream} in {patience:?}"),
            Self::Upload => "the request's body broke off or is malformed".to_owned(),
        }
    }
}

/// What hyper says of the connection.
pub(crate) fn cause(error: &legacy::Error) -> Option<&hyper::Error> {
    std::error::Error::source(error)?.downcast_ref()
}
