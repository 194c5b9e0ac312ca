//! The drawings of `docs/scheduler.md`.

use std::ops::Range;
use std::path::Path;

use anyhow::{anyhow, Result};
use plotters::prelude::*;

use crate::measure::{percentile, Results};
use crate::recorded::as_it_ran;
use crate::workload::Shows;

const SIZE: (u32, u32) = (760, 400);
const COLOURS: [RGBColor; 7] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(214, 39, 40),
    RGBColor(127, 127, 127),
];

pub fn draw(folder: &Path, results: &[Results]) -> Result<()> {
    let find = |shows: Shows, part: &str| {
        results.iter().find(|one| one.workload.shows.contains(&shows) && one.workload.name.contains(part))
    };
    let recorded: Vec<&Results> = results.iter().filter(|one| one.workload.recording.is_some()).collect();
    if let Some(one) = recorded.iter().find(|one| one.workload.name == "interactive") {
        let real = one.workload.recording.as_ref().map(as_it_ran).unwrap_or_default();
        latency(&folder.join("scheduler-recorded-latency.svg"), one, Some(&real))
            .and_then(|()| bursts(&folder.join("scheduler-recorded-prediction.svg"), &recorded))
            .ok_or_else(|| anyhow!("can't draw into {}", folder.display()))?;
    }
    let missing = || anyhow!("a workload that is to be drawn is not there");
    let desktop = find(Shows::Latency, "desktop").ok_or_else(missing)?;
    latency(&folder.join("scheduler-latency.svg"), desktop, None)
        .and_then(|()| shares(&folder.join("scheduler-shares.svg"), find(Shows::Fairness, "nice")?))
        .and_then(|()| {
            prediction(&folder.join("scheduler-prediction.svg"), find(Shows::Prediction, "steady")?)
        })
        .ok_or_else(|| anyhow!("can't draw into {}", folder.display()))
}

/// How many of the wake-ups took at most so long, under each policy and, where that was recorded, in reality.
fn latency(path: &Path, results: &Results, real: Option<&[u64]>) -> Option<()> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE).ok()?;
    let longest = results.outcomes.iter().map(|one| percentile(&one.latencies, 1.0)).max()?;
    let longest = (longest as f64 / 1e6).max(1.0);
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("Wake-up latency, {}", results.workload.name), ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d((0.001..longest).log_scale(), 0.0..100.0)
        .ok()?;
    chart.configure_mesh().x_desc("milliseconds").y_desc("% of the wake-ups").draw().ok()?;
    let simulated = results.outcomes.iter().map(|one| (one.policy, &one.latencies[..]));
    for ((label, latencies), colour) in simulated.chain(real.map(|real| ("as it ran", real))).zip(COLOURS) {
        let points = (0..=1000).map(|step| {
            let share = f64::from(step) / 1000.0;
            ((percentile(latencies, share) as f64 / 1e6).max(0.001), share * 100.0)
        });
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))
            .ok()?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    let labels =
        chart.configure_series_labels().position(SeriesLabelPosition::LowerRight).border_style(BLACK).draw();
    labels.ok()?;
    root.present().ok()
}

/// What each thread had, next to what its weight says.
fn shares(path: &Path, results: &Results) -> Option<()> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE).ok()?;
    let groups = results.outcomes[0].shares.len();
    let bars = results.outcomes.len() + 1;
    let highest =
        results.outcomes.iter().flat_map(|one| &one.shares).map(|share| share.had.max(share.wanted));
    let highest = highest.fold(0.0, f64::max) * 110.0;
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("Shares of a CPU, {}", results.workload.name), ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..groups as f64, 0.0..highest)
        .ok()?;
    let names: Vec<String> = results.outcomes[0].shares.iter().map(|share| share.name.clone()).collect();
    let name = |x: &f64| {
        let is_middle = (x.fract() - 0.5).abs() < 0.01;
        names.get(*x as usize).filter(|_| is_middle).cloned().unwrap_or_default()
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(2 * groups + 1)
        .x_label_formatter(&name)
        .y_desc("% of the CPU")
        .draw()
        .ok()?;
    for bar in 0..bars {
        let colour = COLOURS[bar.checked_sub(1).unwrap_or(3)];
        let value = |index: usize| match bar {
            0 => results.outcomes[0].shares[index].wanted,
            _ => results.outcomes[bar - 1].shares[index].had,
        };
        let rectangles = (0..groups).map(|index| {
            let left = index as f64 + 0.12 + bar as f64 * 0.76 / bars as f64;
            let right = left + 0.7 / bars as f64;
            Rectangle::new([(left, 0.0), (right, value(index) * 100.0)], colour.filled())
        });
        let label = if bar == 0 { "by weight" } else { results.outcomes[bar - 1].policy };
        chart
            .draw_series(rectangles)
            .ok()?
            .label(label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
    }
    chart.configure_series_labels().border_style(BLACK).draw().ok()?;
    root.present().ok()
}

/// The first bursts of each thread, and what was predicted for them.
fn prediction(path: &Path, results: &Results) -> Option<()> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE).ok()?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Bursts (points) and predictions (lines)", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..60.0, (0.2..40.0).log_scale())
        .ok()?;
    chart.configure_mesh().x_desc("burst").y_desc("milliseconds").draw().ok()?;
    for (one, colour) in results.outcomes[0].predictions.iter().zip(COLOURS) {
        let at = |index: usize, value: u64| (index as f64, (value as f64 / 1e6).clamp(0.2, 40.0));
        let first = one.first.iter().take(60).enumerate();
        let points =
            first.clone().map(|(index, (_, real))| Circle::new(at(index, *real), 2, colour.filled()));
        chart.draw_series(points).ok()?;
        let line = first.map(|(index, (predicted, _))| at(index, *predicted));
        chart.draw_series(LineSeries::new(line, colour.stroke_width(2))).ok()?;
    }
    root.present().ok()
}

/// So many bursts of each workload are drawn at the most.
const DRAWN: usize = 150;

/// Predicted and real lengths of recorded bursts, with the borders of the classes.
fn bursts(path: &Path, results: &[&Results]) -> Option<()> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE).ok()?;
    let range = 0.001..20_000.0;
    let mut chart = ChartBuilder::on(&root)
        .caption("Recorded bursts: each one's length and what was predicted", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(range.clone().log_scale(), range.clone().log_scale())
        .ok()?;
    chart.configure_mesh().x_desc("length, ms").y_desc("predicted, ms").draw().ok()?;
    let border = BLACK.mix(0.4);
    let Range { start, end } = range;
    for at in [3.0, 10.0] {
        let lines = [[(at, start), (at, end)], [(start, at), (end, at)]];
        chart.draw_series(lines.map(|line| PathElement::new(line, border))).ok()?;
    }
    let millis = |nanoseconds: u64| (nanoseconds as f64 / 1e6).clamp(start, end);
    for (one, colour) in results.iter().zip(COLOURS.iter().cycle()) {
        let bursts = &one.outcomes[0].quality.bursts;
        let every = bursts.len().div_ceil(DRAWN).max(1);
        let points = bursts.iter().step_by(every).map(|(predicted, real)| {
            Circle::new((millis(*real), millis(*predicted)), 2, colour.mix(0.6).filled())
        });
        chart
            .draw_series(points)
            .ok()?
            .label(&one.workload.name)
            .legend(move |(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
    }
    let labels =
        chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).border_style(BLACK).draw();
    labels.ok()?;
    root.present().ok()
}
