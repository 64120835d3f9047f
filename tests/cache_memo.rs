//! Memo
