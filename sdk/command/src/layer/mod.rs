//! The layer as Lambda takes it: its programs and its library, built for a Lambda architecture from a checkout with native
//! images of the ready-made policies in them, checked, and packed so that the same files make the same bytes.

mod architecture;
mod archive;
mod checkout;
mod error;
mod glibc;
mod images;
mod part;

pub(crate) use architecture::{Architecture, Wanted};
pub(crate) use archive::Archive;
pub(crate) use checkout::Checkout;
pub(crate) use error::LayerError;
pub(crate) use images::Images;
