//! The engine from outside: guests that misbehave, plans that join, and what the guard leaves of them.

mod enforcing;
mod guest;
mod limits;
mod replay;
