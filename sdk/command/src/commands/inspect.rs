//! `misrule inspect`: what a component, a bundle or plain JSON says of itself.

use std::path::PathBuf;

use misrule_engine::sandbox::Hooks;
use serde_json::{Value, json};

use crate::compile::{Inspection, SettingRow, rows};
use crate::content;
use crate::failure::{Explain, Failure};
use crate::opened::Opened;
use crate::printer::Printer;

/// Show what a policy's component is, or a bundle
///
/// Of a component its hooks, settings, the functions of the contract that it uses, its sizes, what it was compiled of and by what. Of a
/// bundle its experiment, the key that it names, and its files with sizes and digests; `misrule verify` judges the signature. Of an
/// experiment in plain JSON the same, as far as it has that.
/// Refuses what no layer would take.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The component's file, a ready-made policy's name, or the file of a bundle or of plain JSON
    #[arg(value_name = "POLICY")]
    file: PathBuf,
    /// Say it as JSON, with the JSON Schema of the settings
    #[arg(long)]
    json: bool,
    /// Configure it with these settings: refused as a layer would refuse them
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// Check that it was compiled of the source in this workspace's folder
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
}

/// Inspects; what there is to know goes to stdout.
#[expect(clippy::unused_async, reason = "all commands are made alike")]
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    if let Some(opened) = Opened::experiment(&arguments.file)? {
        return experiment(&opened, arguments, printer);
    }
    let found = Inspection::of(&arguments.file, arguments.settings.as_deref())?;
    if let Some(folder) = &arguments.source {
        found.check_source(&arguments.file, folder)?;
        printer.say(format_args!("compiled of the source in `{}`", folder.display()));
    }
    found.unsupported.iter().for_each(|warning| printer.warn(warning));
    let out_of_hook = |hooks| content::out_of_hook(arguments.file.display(), &content::faults(&found.used), hooks);
    found.hooks.map_or_else(Vec::new, out_of_hook).into_iter().for_each(|warning| printer.warn(warning));
    if arguments.json {
        printer.data(format_args!("{:#}", as_json(&found)));
    } else {
        lines(&found).into_iter().for_each(|line| printer.data(line));
    }
    Ok(())
}

fn experiment(opened: &Opened, arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    if arguments.settings.is_some() || arguments.source.is_some() {
        return Err(OfAComponent(arguments.file.clone()).into());
    }
    if arguments.json {
        printer.data(format_args!("{:#}", opened.as_json()));
    } else {
        opened.lines().into_iter().for_each(|line| printer.data(line));
    }
    Ok(())
}

/// An option was given that makes no sense of an experiment.
#[derive(Debug, thiserror::Error)]
#[error("`{}` is an experiment, and only a component has `--settings` and `--source`", .0.display())]
struct OfAComponent(PathBuf);

impl Explain for OfAComponent {
    fn hint(&self) -> Option<String> {
        Some("inspect the component's own file with `--settings` and `--source`".to_owned())
    }
}

fn as_json(found: &Inspection) -> Value {
    json!({
        "sha256": found.digest.to_string(),
        "bytes": found.sizes,
        "hooks": found.hooks.map(hook_names),
        "uses": found.used,
        "settings": found.settings,
        "provenance": found.provenance,
    })
}

fn lines(found: &Inspection) -> Vec<String> {
    let sizes = found.sizes;
    let mut lines = vec![
        format!("digest    sha256 {}", found.digest),
        format!("bytes     {}: code {}, data {}, custom {}", sizes.total, sizes.code, sizes.data, sizes.custom),
        format!("hooks     {}", found.hooks.map_or_else(unknown_hooks, |hooks| hook_names(hooks).join(", "))),
    ];
    lines.extend(found.used.iter().map(|(interface, functions)| {
        let functions: Vec<_> = functions.iter().map(String::as_str).collect();
        format!("uses      {interface}: {}", functions.join(", "))
    }));
    match &found.provenance {
        None => lines.push("source    unknown: `misrule build` did not make it".to_owned()),
        Some(known) => {
            let (files, packages) = (known.files.len(), known.packages.len());
            lines.push(format!("source    sha256 {} ({files} files, {packages} packages)", known.source));
            let sdk = known.sdk.as_ref().map(|sdk| format!(", misrule-sdk {sdk}")).unwrap_or_default();
            lines.push(format!("compiler  {}{sdk}", known.rustc));
        }
    }
    lines.extend(settings(found.settings.as_ref()));
    lines
}

fn unknown_hooks() -> String {
    "depend on its settings: give some with `--settings`".to_owned()
}

fn hook_names(hooks: Hooks) -> Vec<&'static str> {
    let pairs = [(hooks.before, "before"), (hooks.after, "after"), (hooks.answer_body, "answer-body")];
    pairs.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name).collect()
}

fn settings(schema: Option<&Value>) -> Vec<String> {
    let Some(schema) = schema else { return vec!["settings  unknown: it carries no schema".to_owned()] };
    let rows = rows(schema);
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let head = if rows.is_empty() { "settings  none" } else { "settings" };
    let row = |row: &SettingRow| {
        let presence = match &row.default {
            _ if row.required => ", required".to_owned(),
            Some(default) => format!(", default {default}"),
            None => String::new(),
        };
        let first = format!("  {:width$}  {}{presence}", row.name, row.kind);
        let second = (!row.description.is_empty()).then(|| format!("  {:width$}  {}", "", row.description));
        std::iter::once(first).chain(second)
    };
    std::iter::once(head.to_owned()).chain(rows.iter().flat_map(row)).collect()
}
