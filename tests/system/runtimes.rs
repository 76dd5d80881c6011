//! AWS's own runtime clients on the layer: whatever way an invocation ends, its caller and Lambda see what they would see
//! without the layer.

mod chained;
mod client;
mod emulated;
mod image;
pub(crate) mod injected;
mod managed;
mod matrix;
mod played;
mod restored;

use anyhow::Result;
use misrule_tests::programs;

use client::Client;
use matrix::{Ending, MATRIX, Row, Verdict};
use played::{Between, harmless, outage_of, played};

/// Plays each ending of one client directly and through harmless layers; what is not as the table says.
async fn compared(client: Client) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for Row { ending, verdicts } in MATRIX {
        let Verdict::Sees(expected) = verdicts[client as usize] else { continue };
        let direct = played(client, *ending, &Between::Nothing).await?;
        for layer in harmless(*ending)? {
            let layered = played(client, *ending, &layer).await?;
            if direct != layered {
                wrong.push(format!("{client:?}, {ending:?}: direct {direct:#?}, through the layer {layered:#?}"));
            }
        }
        if direct.caller() != expected {
            wrong.push(format!("{client:?}, {ending:?}: the caller sees {}, not {expected}", direct.caller()));
        }
    }
    Ok(wrong)
}

async fn all_the_same(client: Client) -> Result<()> {
    // Building takes longer than any ending.
    programs::program("misrule-extension")?;
    let wrong = compared(client).await?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn every_ending_under_awss_python_client() -> Result<()> {
    all_the_same(Client::Python).await
}

#[tokio::test]
async fn every_ending_under_awss_node_client() -> Result<()> {
    all_the_same(Client::Node).await
}

#[tokio::test]
async fn every_ending_under_awss_rust_client() -> Result<()> {
    all_the_same(Client::Rust).await
}

/// What the comparison above would say of a layer that does harm.
#[tokio::test]
async fn a_fault_would_be_seen() -> Result<()> {
    programs::program("misrule-extension")?;
    let direct = played(Client::Rust, Ending::Answer, &Between::Nothing).await?;
    let faulty = played(Client::Rust, Ending::Answer, &Between::Layer(outage_of("/answer").into())).await?;
    assert_ne!(faulty.got, direct.got);
    assert_ne!(faulty.requests, direct.requests);
    Ok(())
}
