//! The rules of HTTP caching, as functions of header fields and times: they know no clock, no body and no service.
