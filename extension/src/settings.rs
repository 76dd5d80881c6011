//! Every setting of the layer, read from the environment in one place.
