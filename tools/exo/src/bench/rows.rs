//! The lines that userland/bench prints: name, best, median, worst, operations per round.

/// What one operation costs, in instructions.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub name: String,
    pub cost: Cost,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cost {
    Instructions {
        best: f64,
        median: f64,
        worst: f64,
    },
    /// The system lacks something; in its own words.
    Absent(String),
}

impl Row {
    pub fn best(&self) -> Option<f64> {
        match self.cost {
            Cost::Instructions { best, .. } => Some(best),
            Cost::Absent(_) => None,
        }
    }
}

pub fn parse(text: &str) -> Vec<Row> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Row> {
    let mut fields = line.split('\t');
    let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
    let best = fields.next()?;
    if best == "-" {
        return Some(Row { name, cost: Cost::Absent(fields.collect::<Vec<_>>().join(" ")) });
    }
    let best = best.trim().parse().ok()?;
    let mut number = || fields.next().and_then(|field| field.trim().parse().ok()).unwrap_or(best);
    let (median, worst) = (number(), number());
    Some(Row { name, cost: Cost::Instructions { best, median, worst } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let rows = parse(
            "getppid()\t359\t360\t400\t1000\nnoise\nx\t-\tmmap: no memory\npipe (per byte)\t0.77\n@@end\n",
        );
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].cost, Cost::Instructions { best: 359.0, median: 360.0, worst: 400.0 });
        assert_eq!(rows[1].cost, Cost::Absent("mmap: no memory".into()));
        assert_eq!(rows[2].best(), Some(0.77));
    }
}
