//! The Settings derive of misrule-sdk.
