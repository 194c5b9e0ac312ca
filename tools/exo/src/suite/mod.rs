//! `exo test`: every test there is, and one line at the end that counts them all.
//!
//! Each [`Part`] is a module that returns [`Results`]. Programs and scripts ([`programs`]) run in one
//! boot through [`batch`], on Linux and on Exo-OS, and must behave alike. [`boots`] sits at a terminal,
//! [`runs`] calls `exo run` as a script does, [`bad`] takes things away, [`host`] calls cargo.

mod applets;
mod bad;
mod batch;
mod boots;
mod host;
mod known;
mod leaks;
mod oracle;
mod programs;
mod report;
mod runs;
mod stress;

use anyhow::Result;

use crate::cli::{Part, TestOptions};
use crate::project::Project;
pub use report::Results;

/// What runs where no part is named: everything.
const DEFAULT: [Part; 10] = [
    Part::Host,
    Part::Boot,
    Part::Run,
    Part::Bad,
    Part::Conformance,
    Part::Native,
    Part::Corpus,
    Part::Applets,
    Part::Stress,
    Part::Hostile,
];

pub fn test(options: &TestOptions) -> Result<u8> {
    let project = Project::find()?;
    let parts = if options.parts.is_empty() { &DEFAULT[..] } else { &options.parts[..] };
    let known = known::Known::read(&project)?;
    let mut total = Results::default();
    for part in parts {
        report::heading(*part);
        let outcome = match part {
            Part::Host => host::run(&project),
            Part::Boot => boots::run(&project, options),
            Part::Run => runs::run(&project, options),
            Part::Bad => bad::run(&project, options),
            Part::Stress => stress::run(&project, options),
            Part::Native => programs::run_on_one_and_several(&project, options, *part),
            Part::Conformance if options.parts.is_empty() => {
                programs::run_on_one_and_several(&project, options, *part)
            }
            Part::Conformance | Part::Applets | Part::Corpus | Part::Hostile => {
                programs::run(&project, options, *part)
            }
        };
        let mut results = outcome.unwrap_or_else(|error| {
            let mut results = Results::default();
            results.fail(&format!("{part:?}"), &format!("could not run: {error:#}"));
            results
        });
        results.excuse(&known, *part);
        report::part(*part, &results);
        total.absorb(results);
    }
    if let Some(filter) = options.filter.as_deref().filter(|_| total.is_empty()) {
        println!("\nno test here has {filter:?} in its name");
    }
    report::summary(&total);
    Ok(u8::from(total.failed() != 0 || total.passed == 0))
}

/// Whether the user asked for this test.
fn selected(options: &TestOptions, name: &str) -> bool {
    options.filter.as_deref().is_none_or(|part| name.contains(part))
}
