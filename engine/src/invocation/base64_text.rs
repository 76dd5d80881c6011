//! Base64, as events carry it.
