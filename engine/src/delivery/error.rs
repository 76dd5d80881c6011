//! Why a delivery was refused.

/// A delivery that cannot be used. No message repeats what was delivered, names of files and fields apart.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Nothing at all.
    #[error("the delivery is empty")]
    Empty,
}
