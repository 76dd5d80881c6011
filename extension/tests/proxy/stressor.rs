//! The layer's program as a process that takes memory beside it.

use std::process::Stdio;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::exchange::soon;

/// However the layer ends, its end of the pipe closes with it.
#[tokio::test]
async fn it_holds_memory_for_as_long_as_its_pipe_is_open() {
    let mut stressor = Command::new(env!("CARGO_BIN_EXE_misrule-extension"))
        .args(["stress", "memory", "33554432"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut says = stressor.stdout.take().unwrap();
    assert_eq!(soon("that it holds it", says.read_u8()).await.unwrap(), b'1');
    let of_it = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", stressor.id().unwrap())).unwrap();
    let resident: u64 = of_it("statm").split(' ').nth(1).unwrap().parse().unwrap();
    assert!(resident * 4096 >= 33_554_432, "{resident} pages");
    assert_eq!(of_it("oom_score_adj").trim(), "1000");
    drop(stressor.stdin.take());
    assert_eq!(soon("its end", stressor.wait()).await.unwrap().code(), Some(0));
}
