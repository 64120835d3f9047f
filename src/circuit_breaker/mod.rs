//! Leaves a service alone while it fails.
