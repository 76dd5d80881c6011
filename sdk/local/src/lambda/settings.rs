use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use super::record::Recorder;
use super::{Recording, RuntimeApi};

/// The largest buffered answer in bytes: 6 MiB and 100 bytes.
pub const MAX_ANSWER: u64 = 6 * 1024 * 1024 + 100;

/// What one execution environment is told about its function, and how strict time is.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) function_name: String,
    pub(crate) function_version: String,
    pub(crate) handler: String,
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) timeout: Duration,
    pub(crate) extensions: BTreeSet<String>,
    /// How many invocations may run at once on Managed Instances; nothing for a function on demand.
    pub(crate) managed: Option<usize>,
    /// Whether the environment is a copy of a snapshot that was taken once init had ended.
    pub(crate) snap_start: bool,
    /// Bytes for each second that a streamed answer is read at after its first 6 MiB.
    pub(crate) stream_rate: u64,
}

impl Settings {
    pub(crate) fn arn(&self, qualifier: Option<&str>) -> String {
        let Self { region, account, function_name, .. } = self;
        let arn = format!("arn:aws:lambda:{region}:{account}:function:{function_name}");
        qualifier.map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}"))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            function_name: "test_function".to_owned(),
            function_version: "$LATEST".to_owned(),
            handler: String::new(),
            region: "us-east-1".to_owned(),
            account: "012345678912".to_owned(),
            timeout: Duration::from_secs(3),
            extensions: BTreeSet::new(),
            managed: None,
            snap_start: false,
            stream_rate: 2 * 1024 * 1024,
        }
    }
}

/// Makes a [`RuntimeApi`] that is not the default one.
#[derive(Clone, Debug, Default)]
pub struct RuntimeApiBuilder {
    pub(super) settings: Settings,
    recording: Recording,
    port: u16,
}

impl RuntimeApiBuilder {
    /// The function's name; `test_function` by default.
    pub fn function_name(mut self, name: impl Into<String>) -> Self {
        self.settings.function_name = name.into();
        self
    }

    /// The region in the function's ARN; `us-east-1` by default.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.settings.region = region.into();
        self
    }

    /// The function's timeout, from the moment that the runtime may have the event; 3 s by default, as on Lambda.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// Says that an extension of this file name stands in `/opt/extensions`. It must register and ask for its first
    /// event before the first invocation. Any other name that registers is an internal extension.
    pub fn extension(mut self, name: impl Into<String>) -> Self {
        self.settings.extensions.insert(name.into());
        self
    }

    /// Lambda Managed Instances with this many invocations at once: many `/next` may wait, extensions get no INVOKE.
    pub fn managed_instances(mut self, concurrency: usize) -> Self {
        self.settings.managed = Some(concurrency);
        self
    }

    /// SnapStart: a runtime that asks for `/restore/next` is answered once there is an event.
    pub fn snap_start(mut self) -> Self {
        self.settings.snap_start = true;
        self
    }

    /// How fast a streamed answer is read after its first 6 MiB, in bytes for each second; 2 MiB by default.
    pub fn stream_rate(mut self, bytes: u64) -> Self {
        self.settings.stream_rate = bytes.max(1);
        self
    }

    /// What is recorded; everything by default.
    pub fn recording(mut self, recording: Recording) -> Self {
        self.recording = recording;
        self
    }

    /// The port on 127.0.0.1; a free one by default.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts to serve.
    ///
    /// # Errors
    /// Where the port cannot be bound.
    pub async fn serve(self) -> io::Result<RuntimeApi> {
        RuntimeApi::start(self.settings, Recorder::new(self.recording), self.port).await
    }
}
