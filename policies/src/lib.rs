//! Ready-made fault policies, compiled to components.
