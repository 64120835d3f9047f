//! The shape of the file, for editors and for people.
