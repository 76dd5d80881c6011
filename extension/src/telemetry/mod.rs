//! What the layer says: one flat JSON object a line on stdout.
