//! One call for concurrent requests that want the same.
