//! The numbers of a run as a table, and what can be seen in them.

use std::{fmt::Write, time::Duration};

use crate::{
    client::{Persona, Route, Sample},
    drive::Driven,
};

/// Requests, and what became of them.
#[derive(Default)]
struct Tally {
    limited: usize,
    failed: usize,
    /// Of allowed requests, ascending: refusals, which take next to nothing, would hide how long work takes.
    allowed: Vec<Duration>,
}

impl Tally {
    fn of<'a>(samples: impl Iterator<Item = &'a Sample>) -> Self {
        let mut tally = Self::default();
        for sample in samples {
            if sample.limited() {
                tally.limited += 1;
            } else if sample.failed() {
                tally.failed += 1;
            } else {
                tally.allowed.push(sample.latency);
            }
        }
        tally.allowed.sort_unstable();
        tally
    }

    fn requests(&self) -> usize {
        self.limited + self.failed + self.allowed.len()
    }
}

pub(crate) fn text(driven: &Driven) -> String {
    let all = || driven.samples.iter().flat_map(|(_, samples)| samples);
    let mut text = String::from(
        "route         requests   allowed   limited    errors   p50 ms   p99 ms   max ms\n",
    );
    for route in Route::ALL {
        let tally = Tally::of(all().filter(|sample| sample.route == route));
        row(&mut text, route.label(), &tally);
    }
    let total = Tally::of(all());
    row(&mut text, "all", &total);

    let mut refusals: Vec<_> =
        all().filter(|sample| sample.limited()).map(|sample| sample.latency).collect();
    refusals.sort_unstable();
    let _ = writeln!(
        text,
        "\nLatencies are those of allowed requests, seen by the client; a refusal took {} ms (p99).",
        millis(quantile(&refusals, 99)),
    );
    let _ = writeln!(text, "Refused within {:.1} s:", driven.took.as_secs_f64());
    for (persona, samples) in &driven.samples {
        sentence(&mut text, persona, &Tally::of(samples.iter()));
    }
    text.push_str(&match total.failed {
        0 => "No request failed: every answer was a handler's or a 429.".to_owned(),
        failed => format!("{failed} requests failed: they got no answer, or a 5xx."),
    });
    text
}

fn row(text: &mut String, label: &str, tally: &Tally) {
    let _ = writeln!(
        text,
        "{label:<12}{:>10}{:>10}{:>10}{:>10}{:>9}{:>9}{:>9}",
        tally.requests(),
        tally.allowed.len(),
        tally.limited,
        tally.failed,
        millis(quantile(&tally.allowed, 50)),
        millis(quantile(&tally.allowed, 99)),
        millis(tally.allowed.last().copied()),
    );
}

fn sentence(text: &mut String, persona: &Persona, tally: &Tally) {
    let manners = match persona.polite {
        true => "waits as Retry-After says",
        false => "does not wait",
    };
    let share = 100 * tally.limited / tally.requests().max(1);
    let _ = writeln!(
        text,
        "  {:<28}{:>5} of {:>5} requests, {share:>2} % ({manners})",
        format!("{} {}", persona.count, persona.name),
        tally.limited,
        tally.requests(),
    );
}

/// The smallest value that `percent` of the ascending `values` do not exceed.
pub(crate) fn quantile(values: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (values.len() * percent).div_ceil(100);
    values.get(rank.checked_sub(1)?).copied()
}

pub(crate) fn millis(duration: Option<Duration>) -> String {
    duration.map_or("-".to_owned(), |duration| format!("{:.1}", duration.as_secs_f64() * 1e3))
}
