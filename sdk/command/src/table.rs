//! Tables of text.

/// Rows under their headings, the first row, with a rule between. Cells stand at the left of their columns, but at the right of
/// those that are named in `numbers`.
pub(crate) fn aligned(rows: &[Vec<String>], numbers: &[usize]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let padded = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if numbers.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines: Vec<String> = rows.iter().map(padded).collect();
    let rule = "-".repeat(widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1));
    lines.insert(lines.len().min(1), rule);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_at_the_left_and_numbers_at_the_right() {
        let rows = [["policy", "acted"], ["a", "7"], ["latency", "1234"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows, &[1]), ["policy   acted", "--------------", "a            7", "latency   1234"]);
        assert_eq!(aligned(&rows, &[])[2], "a        7");
    }
}
