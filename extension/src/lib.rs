//! Misrule's Lambda layer: proxies the Runtime API and carries faults out.
