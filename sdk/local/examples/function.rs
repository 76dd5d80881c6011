//! Runs a program as the runtime of a function behind an HTTP front, until it is interrupted:
//! `cargo run -p misrule-local --example function -- python3 -m awslambdaric app.handler`.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use misrule_local::front::Front;
use misrule_local::function::Function;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (program, arguments) = arguments.split_first().ok_or("a program is needed")?;
    let print = |line: &misrule_local::function::Line| {
        // A closed standard error is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{}: {}", line.origin, line.text);
    };
    let function = Function::builder("example").runtime(program, arguments.iter().map(String::as_str));
    let function = function.task_root(std::env::current_dir()?).on_output(print).start().await?;
    let front = Front::serve(Arc::new(function)).await?;
    writeln!(std::io::stdout(), "{}", front.url())?;
    std::future::pending().await
}
