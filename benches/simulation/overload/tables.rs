use super::{
    policies::{ALL, Policy},
    runs::{Run, Runs},
};
use crate::report::{Figure, Table};

/// Scores are at least this in a geometric mean, or one failure would be all that it says.
const LEAST: f64 = 1e-3;

fn geometric(values: impl Iterator<Item = f64>) -> f64 {
    let logs: Vec<_> = values.map(|value| value.max(LEAST).ln()).collect();
    (logs.iter().sum::<f64>() / logs.len() as f64).exp()
}

fn percent(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{:.1}", 100.0 * value))
}

/// The score of each policy in each scenario, as the geometric mean over all numbers of workers.
fn score(runs: &Runs, policy: Policy, scenario: &str) -> Option<f64> {
    let scores: Vec<_> = runs
        .workers
        .iter()
        .filter_map(|workers| runs.mean(policy, scenario, *workers, |run| run.score))
        .collect();
    (!scores.is_empty()).then(|| geometric(scores.into_iter()))
}

pub(super) fn scenarios(about: &str, runs: &Runs) -> Table {
    let rows = runs.scenarios.iter().map(|(name, _)| {
        let scores: Vec<_> = ALL.iter().map(|policy| score(runs, *policy, name)).collect();
        let (ours, others) = scores.split_last().expect("there are policies");
        let best = others.iter().flatten().copied().fold(0.0, f64::max);
        let ahead = ours.map_or("-".to_owned(), |ours| format!("{:+.1}", 100.0 * (ours - best)));
        let cells = scores.iter().map(|score| percent(*score));
        [(*name).to_owned()].into_iter().chain(cells).chain([ahead]).collect()
    });
    Table {
        name: "scores",
        about: format!(
            "{about}, geometric means over the numbers of workers; the last column is ours less the best other"
        ),
        head: ALL.iter().map(|policy| policy.name()).chain(["ahead"]).collect(),
        rows: rows.collect(),
    }
}

/// The least score of a scenario, and the geometric mean of all with its 95 % interval over seeds.
struct Summary {
    least: f64,
    mean: f64,
    interval: f64,
}

fn summarize(runs: &Runs, policy: Policy, workers: usize) -> Option<Summary> {
    let scenarios = || runs.scenarios.iter().map(|(name, _)| *name);
    let least = scenarios()
        .filter_map(|name| runs.mean(policy, name, workers, |run| run.score))
        .reduce(f64::min)?;
    let by_seed = runs.seeds.clone().map(|seed| {
        let of_seed = runs.of(policy).filter(|run| run.workers == workers && run.seed == seed);
        geometric(of_seed.map(|run| run.score))
    });
    let by_seed: Vec<_> = by_seed.collect();
    let count = by_seed.len() as f64;
    let mean = by_seed.iter().sum::<f64>() / count;
    let variance =
        by_seed.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    Some(Summary { least, mean, interval: 1.96 * (variance / count).sqrt() })
}

pub(super) fn summary(about: &str, runs: &Runs) -> Table {
    let rows = ALL.iter().map(|policy| {
        let cells = runs.workers.iter().map(|workers| {
            summarize(runs, *policy, *workers).map_or("-".to_owned(), |it| {
                format!(
                    "{:.1} / {:.1} ± {:.1}",
                    100.0 * it.least,
                    100.0 * it.mean,
                    100.0 * it.interval
                )
            })
        });
        [policy.name().to_owned()].into_iter().chain(cells).collect()
    });
    let head = runs.workers.iter().map(|workers| match workers {
        2 => "2 workers",
        4 => "4 workers",
        16 => "16 workers",
        128 => "128 workers",
        _ => "1024 workers",
    });
    Table {
        name: "summary",
        about: format!(
            "{about}: the least score of one, and the geometric mean of all ± the 95 % interval"
        ),
        head: head.collect(),
        rows: rows.collect(),
    }
}

/// Ours, where it is worst.
pub(super) fn worst(runs: &Runs) -> Table {
    let mut all = Vec::new();
    for &(name, _) in &runs.scenarios {
        for &workers in &runs.workers {
            let of = |value| runs.mean(Policy::Ours, name, workers, value).unwrap_or(0.0);
            let falsely: fn(&Run) -> f64 = |run| run.falsely_shed;
            all.push((of(|run| run.score), of(|run| run.goodput), of(falsely), name, workers));
        }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rows = all.iter().take(10).map(|(score, goodput, falsely, name, workers)| {
        let cells = [*score, *goodput, *falsely].map(|share| percent(Some(share)));
        [format!("{name}, {workers}")].into_iter().chain(cells).collect()
    });
    Table {
        name: "worst",
        about: "where ours has its least scores".to_owned(),
        head: vec!["score", "goodput", "shed falsely"],
        rows: rows.collect(),
    }
}

pub(super) fn figures(about: &str, runs: &Runs) -> Vec<Figure> {
    let mut figures = Vec::new();
    for policy in ALL {
        for &workers in &runs.workers {
            let Some(summary) = summarize(runs, policy, workers) else { continue };
            let mut figure = |what: &str, value: f64| {
                let name = format!("{about}, {workers} workers: {}, {what}", policy.name());
                figures.push(Figure::new(name, "%", 100.0 * value));
            };
            figure("least score", summary.least);
            figure("geometric mean of scores", summary.mean);
            figure("95 % interval of that", summary.interval);
        }
        for (scenario, _) in &runs.scenarios {
            if let Some(score) = score(runs, policy, scenario) {
                figures.push(Figure::new(
                    format!("{scenario}: {}, score", policy.name()),
                    "%",
                    100.0 * score,
                ));
            }
        }
    }
    figures
}
