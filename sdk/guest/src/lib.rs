//! What a fault policy is written with: the trait, its settings, the invocation, and plans.
