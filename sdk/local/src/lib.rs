//! A local Lambda and AppConfig: strict stand-ins, in process, for the demo, for development and for tests.
