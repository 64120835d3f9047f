//! What came of a policy, for the table and the JSON.

use super::{
    measures::{Measures, Step},
    policies::Policy,
    scenarios::Scenario,
};
use crate::{
    report::{Figure, Table},
    world::{SECOND, Trace},
};

pub(crate) struct Outcome {
    pub(crate) policy: Policy,
    /// One for each seed.
    pub(crate) runs: Vec<Measures>,
    /// Of the first seed.
    pub(crate) first: Trace,
}

impl Outcome {
    fn mean(&self, measure: impl Fn(&Measures) -> f64) -> f64 {
        self.runs.iter().map(measure).sum::<f64>() / self.runs.len() as f64
    }

    fn goodput(&self) -> f64 {
        self.mean(|run| run.goodput)
    }

    /// Seconds after the step of this number.
    fn settled(&self, step: usize) -> f64 {
        let mut settled: Vec<_> = self.runs.iter().map(|run| run.steps[step].settled).collect();
        settled.sort_by(f64::total_cmp);
        settled[settled.len() / 2]
    }

    /// Over those runs in which it was reached, after the step of this number; none if it never was.
    fn off(&self, step: usize, measure: fn(&Step) -> Option<f64>) -> f64 {
        let offs: Vec<_> = self.runs.iter().filter_map(|run| measure(&run.steps[step])).collect();
        100.0 * offs.iter().sum::<f64>() / offs.len() as f64
    }

    fn p99(&self) -> f64 {
        1000.0 * self.mean(|run| run.p99)
    }

    /// The share of what the quiet clients sent, all but the last, that was answered well.
    fn quiet(&self) -> f64 {
        let quiet = |run: &Measures| {
            let (_, quiet) = run.kept.split_last().expect("there is a client");
            quiet.iter().sum::<f64>() / quiet.len() as f64
        };
        100.0 * self.mean(quiet)
    }

    fn noisy(&self) -> f64 {
        100.0 * self.mean(|run| run.kept.last().copied().unwrap_or(0.0))
    }
}

/// Goodput as a share of the oracle's, which comes first.
fn of_oracle(outcomes: &[Outcome], outcome: &Outcome) -> f64 {
    100.0 * outcome.goodput() / outcomes[0].goodput()
}

pub(crate) fn table(scenario: &Scenario, outcomes: &[Outcome]) -> Table {
    let neighbours = scenario.world.clients.len() > 1;
    let mut head = vec!["goodput", "of oracle", "lost", "settles", "over", "under", "p99"];
    if neighbours {
        head.extend(["quiet keep", "noisy keeps"]);
    }
    let rows = outcomes.iter().map(|outcome| {
        let steps = 0..scenario.world.changes().len();
        let all = |text: &dyn Fn(usize) -> String| {
            let all: Vec<_> = steps.clone().map(text).collect();
            if all.is_empty() { "-".to_owned() } else { all.join(" / ") }
        };
        let share = of_oracle(outcomes, outcome);
        let mut row = vec![
            outcome.policy.name.to_owned(),
            format!("{:.1}", outcome.goodput()),
            format!("{share:.1} %"),
            // Adding zero makes a negative zero a plain one.
            format!("{:.1} %", (1000.0 - 10.0 * share).round() / 10.0 + 0.0),
            all(&|step| number(outcome.settled(step), "never")),
            all(&|step| number(outcome.off(step, |step| step.over), "-")),
            all(&|step| number(outcome.off(step, |step| step.under), "-")),
            format!("{:.0}", outcome.p99()),
        ];
        if neighbours {
            row.extend([format!("{:.0} %", outcome.quiet()), format!("{:.0} %", outcome.noisy())]);
        }
        row
    });
    let rows = rows.collect();
    Table { name: scenario.name, about: scenario.about.to_owned(), head, rows }
}

fn number(value: f64, otherwise: &str) -> String {
    if value.is_finite() { format!("{value:.0}") } else { otherwise.to_owned() }
}

pub(crate) fn figures(scenario: &Scenario, outcomes: &[Outcome]) -> Vec<Figure> {
    let of = |outcome: &Outcome| {
        let figure = |what: &str, unit, value| {
            Figure::new(format!("{}: {}, {what}", scenario.name, outcome.policy.name), unit, value)
        };
        let mut figures = vec![
            figure("goodput", "requests/s", outcome.goodput()),
            figure("goodput of the oracle's", "%", of_oracle(outcomes, outcome)),
            figure("p99 latency", "ms", outcome.p99()),
        ];
        for (nth, at) in scenario.world.changes().into_iter().enumerate() {
            let after = |what: &str| format!("{what} after {} s", at / SECOND);
            figures.extend([
                figure(&after("settling time"), "s", outcome.settled(nth)),
                figure(&after("overshoot"), "%", outcome.off(nth, |step| step.over)),
                figure(&after("undershoot"), "%", outcome.off(nth, |step| step.under)),
            ]);
        }
        if scenario.world.clients.len() > 1 {
            figures.push(figure("quiet clients keep", "%", outcome.quiet()));
            figures.push(figure("the noisy client keeps", "%", outcome.noisy()));
        }
        figures
    };
    outcomes.iter().flat_map(of).collect()
}
