//! Columns side by side: on the terminal, as CSV, as Markdown.

use console::{pad_str, style, Alignment};

use super::figures::Figure;
use super::Measured;

/// One operation on all systems.
pub struct Line {
    pub name: String,
    pub cells: Vec<Cell>,
}

/// One system on one CPU model.
pub struct Cell {
    pub system: &'static str,
    pub model: &'static str,
    pub best: Option<f64>,
}

impl Line {
    /// The bar is the lower of what Linux needs on the two models.
    pub fn linux(&self) -> Option<f64> {
        self.least("Linux")
    }

    fn least(&self, system: &str) -> Option<f64> {
        let cells = self.cells.iter().filter(|cell| cell.system == system);
        cells.filter_map(|cell| cell.best).min_by(f64::total_cmp)
    }

    /// Our cost on the worst model, as a share of Linux's on the best.
    pub fn ratio(&self) -> Option<f64> {
        let ours = self.cells.iter().filter(|cell| cell.system != "Linux");
        let ours = ours.filter_map(|cell| cell.best).max_by(f64::total_cmp)?;
        self.linux().filter(|linux| *linux > 0.0).map(|linux| ours / linux)
    }

    pub fn is_worse(&self) -> bool {
        self.ratio().map_or(self.linux().is_some(), |ratio| ratio > 1.0)
    }
}

pub fn compare(columns: &[Measured]) -> Vec<Line> {
    let Some(first) = columns.first() else { return Vec::new() };
    let mut names: Vec<&str> = first.rows.iter().map(|row| row.name.as_str()).collect();
    for row in columns.iter().flat_map(|column| &column.rows) {
        if !names.contains(&row.name.as_str()) {
            names.push(&row.name);
        }
    }
    let cell = |column: &Measured, name: &str| Cell {
        system: column.system,
        model: column.model,
        best: column.rows.iter().find(|row| row.name == name).and_then(super::rows::Row::best),
    };
    names
        .into_iter()
        .map(|name| Line {
            name: name.into(),
            cells: columns.iter().map(|column| cell(column, name)).collect(),
        })
        .collect()
}

/// Whole numbers with thousands marked; two decimals below ten.
pub fn number(value: Option<f64>) -> String {
    let Some(value) = value else { return "–".into() };
    if value < 10.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn ratio(line: &Line) -> String {
    line.ratio().map_or_else(|| "–".into(), |ratio| format!("{ratio:.2}"))
}

pub fn print(lines: &[Line]) {
    let Some(first) = lines.first() else { return };
    let mut heading = pad_str("instructions per operation", 36, Alignment::Left, None).into_owned();
    for cell in &first.cells {
        heading += &pad_str(&format!("{} {}", cell.system, cell.model), 16, Alignment::Right, None);
    }
    println!("{}", style(heading + "     ratio").bold());
    for line in lines {
        let mut text = pad_str(&line.name, 36, Alignment::Left, Some("…")).into_owned();
        for cell in &line.cells {
            text += &pad_str(&number(cell.best), 16, Alignment::Right, None);
        }
        let ratio = pad_str(&ratio(line), 10, Alignment::Right, None).into_owned();
        let ratio = match line.ratio() {
            Some(value) if value <= 0.5 => style(ratio).green().bold(),
            Some(value) if value <= 1.0 => style(ratio).green(),
            _ => style(ratio).red().bold(),
        };
        println!("{text}{ratio}");
    }
}

pub fn csv(lines: &[Line]) -> String {
    let mut text = String::from("operation,system,cpu,instructions\n");
    for line in lines {
        for cell in &line.cells {
            let value = cell.best.map_or_else(String::new, |best| best.to_string());
            text +=
                &format!("\"{}\",{},{},{value}\n", line.name.replace('"', "\"\""), cell.system, cell.model);
        }
    }
    text
}

/// The report: the rows, and under a heading each the figures that have a target.
pub fn markdown(lines: &[Line], figures: &[(&str, Vec<Figure>)], linux: &str) -> String {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `make bench`; not edited by hand.\n\n## Instructions per operation\n\n",
    );
    text += &format!(
        "One static musl program (`userland/bench`) in the same QEMU (TCG, one CPU, `-icount shift=0,sleep=off`), on\n\
         Linux {linux} and on Exo-OS. The best of five rounds; a run repeats exactly. The ratio takes our\n\
         worse CPU model and Linux's better one: below 1 is faster than Linux.\n\n"
    );
    if let Some(first) = lines.first() {
        let heads: Vec<String> =
            first.cells.iter().map(|cell| format!("{} {}", cell.system, cell.model)).collect();
        text += &format!(
            "| operation | {} | ratio |\n|---|{}---:|\n",
            heads.join(" | "),
            "---:|".repeat(heads.len())
        );
        for line in lines {
            let cells: Vec<String> = line.cells.iter().map(|cell| number(cell.best)).collect();
            text +=
                &format!("| {} | {} | {} |\n", line.name.replace('|', "\\|"), cells.join(" | "), ratio(line));
        }
    }
    for (heading, figures) in figures.iter().filter(|(_, figures)| !figures.is_empty()) {
        text += &format!("\n## {heading}\n\n| figure | measured | target | |\n|---|---:|---:|---|\n");
        for figure in figures {
            text += &format!(
                "| {} | {} | {} | {} |\n",
                figure.name,
                figure.value,
                figure.target,
                figure.verdict()
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rows::{Cost, Row};

    fn column(system: &'static str, model: &'static str, best: f64) -> Measured {
        let cost = Cost::Instructions { best, median: best, worst: best };
        Measured { system, model, rows: vec![Row { name: "a,b".into(), cost }] }
    }

    #[test]
    fn ratio_is_our_worst_against_their_best() {
        let lines = compare(&[
            column("Linux", "x", 200.0),
            column("Exo-OS", "x", 50.0),
            column("Linux", "y", 100.0),
            column("Exo-OS", "y", 80.0),
        ]);
        assert_eq!(lines[0].ratio(), Some(0.8));
        assert!(!lines[0].is_worse());
    }

    #[test]
    fn what_only_linux_can_is_worse() {
        let mut ours = column("Exo-OS", "x", 0.0);
        ours.rows[0].cost = Cost::Absent("no".into());
        let lines = compare(&[column("Linux", "x", 200.0), ours]);
        assert!(lines[0].is_worse());
        assert!(markdown(&lines, &[], "6.1").contains("| a,b | 200 | – | – |"));
    }

    #[test]
    fn targets_are_told() {
        let figure = Figure::at_most("size", 1.505, 1.5, 2, "MB");
        let text = markdown(&[], &[("Sizes", vec![figure]), ("Nothing", vec![])], "6.1");
        assert!(text.ends_with("| size | 1.50 MB | at most 1.5 MB | missed |\n"), "{text}");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(number(Some(1_234_567.4)), "1,234,567");
        assert_eq!(number(Some(0.774)), "0.77");
        assert_eq!(number(Some(359.0)), "359");
        assert!(csv(&compare(&[column("Linux", "x", 1.5)])).ends_with("\"a,b\",Linux,x,1.5\n"));
    }
}
