//! CloudWatch Logs Insights, as far as README's queries use it: nothing that runs offline evaluates one.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html>
//!
//! Written from that page: a line that is a JSON object has its members as fields, one that is not has none; a comparison
//! with a field that is absent does not hold; groups of `stats` are made by the fields as they are, absent ones too.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value};

/// A row of the answer: fields by name. What is absent is not there.
pub type Row = Map<String, Value>;

/// What a query makes of these log events (milliseconds since the epoch, and the message).
///
/// # Errors
///
/// Where the query uses what is not known here.
pub fn query(query: &str, events: &[(u64, String)]) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = events.iter().map(|(at, message)| discovered(*at, message)).collect();
    for command in query.split('|').map(str::trim) {
        let (name, rest) = command.split_once(char::is_whitespace).context("a command has arguments")?;
        rows = match name {
            "filter" => filter(rows, rest.trim())?,
            "stats" => stats(&rows, rest.trim())?,
            "sort" => sort(rows, rest.trim())?,
            "limit" => rows.into_iter().take(rest.trim().parse()?).collect(),
            unknown => bail!("`{unknown}` is no command known here"),
        };
    }
    Ok(rows)
}

fn discovered(at: u64, message: &str) -> Row {
    let mut row: Row = serde_json::from_str(message).unwrap_or_default();
    row.insert("@timestamp".to_owned(), at.into());
    row.insert("@message".to_owned(), message.into());
    row
}

/// `FIELD in ["A", "B"]` or `FIELD = "A"`.
fn filter(rows: Vec<Row>, condition: &str) -> Result<Vec<Row>> {
    let mut words = condition.splitn(3, char::is_whitespace);
    let (field, operator, value) = (words.next(), words.next(), words.next());
    let field = field.context("a filter names a field")?;
    let wanted: Vec<Value> = match operator {
        Some("in") => serde_json::from_str(value.context("a list follows `in`")?)?,
        Some("=") => vec![serde_json::from_str(value.context("a value follows `=`")?)?],
        other => bail!("{other:?} is no operator known here"),
    };
    Ok(rows.into_iter().filter(|row| row.get(field).is_some_and(|value| wanted.contains(value))).collect())
}

/// `count(*) as A, max(FIELD) as B by FIELD, FIELD`.
fn stats(rows: &[Row], what: &str) -> Result<Vec<Row>> {
    let (functions, fields) = what.split_once(" by ").unwrap_or((what, ""));
    let fields: Vec<_> = fields.split(',').map(str::trim).filter(|field| !field.is_empty()).collect();
    let mut groups: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let key: Vec<_> = fields.iter().map(|field| row.get(*field)).collect();
        groups.entry(serde_json::to_string(&key)?).or_default().push(row);
    }
    groups.into_values().map(|group| aggregated(&group, functions, &fields)).collect()
}

fn aggregated(group: &[&Row], functions: &str, fields: &[&str]) -> Result<Row> {
    let first = group.first().context("a group has rows")?;
    let mut row: Row =
        fields.iter().filter_map(|field| Some(((*field).to_owned(), first.get(*field)?.clone()))).collect();
    for function in functions.split(',') {
        let (call, name) = function.trim().split_once(" as ").context("each aggregate has a name")?;
        row.insert(name.trim().to_owned(), aggregate(group, call.trim())?);
    }
    Ok(row)
}

fn aggregate(group: &[&Row], call: &str) -> Result<Value> {
    let (function, field) = call.strip_suffix(')').and_then(|call| call.split_once('(')).context("a call")?;
    let numbers = || group.iter().filter_map(|row| row.get(field)?.as_u64());
    Ok(match (function, field) {
        ("count", "*") => group.len().into(),
        ("max", _) => numbers().max().into(),
        ("sum", _) => numbers().sum::<u64>().into(),
        _ => bail!("`{call}` is no aggregate known here"),
    })
}

/// `FIELD desc` or `FIELD asc`.
fn sort(mut rows: Vec<Row>, by: &str) -> Result<Vec<Row>> {
    let (field, order) = by.split_once(' ').unwrap_or((by, "desc"));
    ensure!(["asc", "desc"].contains(&order), "`{order}` is no order");
    rows.sort_by_key(|row| row.get(field).and_then(Value::as_u64));
    if order == "desc" {
        rows.reverse();
    }
    Ok(rows)
}
