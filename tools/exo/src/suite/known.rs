//! What is known not to work yet: the table of docs/known-failures.md, where everybody can read it.
//!
//! A test that is listed runs like any other; its failure is shown, and counted apart. When it passes, the summary
//! asks for its row to be removed.

use std::collections::HashSet;

use anyhow::{Context, Result};

use crate::cli::Part;
use crate::project::Project;

/// The list, from the top of the project.
pub const FILE: &str = "docs/known-failures.md";

/// Tests that are known to fail.
#[derive(Default)]
pub struct Known(HashSet<(String, String)>);

impl Known {
    /// Reads the project's list.
    pub fn read(project: &Project) -> Result<Self> {
        let text =
            std::fs::read_to_string(project.root.join(FILE)).with_context(|| format!("can't read {FILE}"))?;
        Ok(Self::parse(&text))
    }

    /// Rows look like `` | conformance | `name` | reason | ``.
    fn parse(text: &str) -> Self {
        let cell = |cell: &str| cell.trim().trim_matches('`').to_lowercase();
        let row = |line: &str| {
            let mut cells = line.trim().strip_prefix('|')?.split('|');
            Some((cell(cells.next()?), cell(cells.next()?)))
        };
        Self(text.lines().filter_map(row).collect())
    }

    /// Is this test of this part listed?
    pub fn has(&self, part: Part, test: &str) -> bool {
        self.0.contains(&(format!("{part:?}").to_lowercase(), test.to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_and_text_is_not() {
        let known = Known::parse(
            "# List\n| part | test | why |\n|---|---|---|\n| corpus | `tar_gz` | slow |\ntext\n",
        );
        assert!(known.has(Part::Corpus, "tar_gz"));
        assert!(!known.has(Part::Conformance, "tar_gz") && !known.has(Part::Corpus, "other"));
    }
}
