use super::entry::Entry;
use crate::{
    batches::{Cost, Outcome},
    report::{Figure, Table},
};

pub(super) fn of(cost: &Cost, entries: &[&Entry]) -> Table {
    let rows = entries.iter().map(|entry| row(entry)).collect();
    Table {
        name: cost.name,
        about: cost.about(),
        head: vec![
            "best fixed",
            "mean",
            "p50",
            "p99",
            "adaptive",
            "p50",
            "p99",
            "size",
            "items/s",
            "lost: mean",
            "p99",
            "items/s",
            "at once",
            "one by one",
            "",
            "oracle",
        ],
        rows,
    }
}

fn row(entry: &Entry) -> Vec<String> {
    let Entry { scenario, contest, one_by_one, oracle } = entry;
    let (linger, best) = contest.best();
    let (losses, adaptive) = (contest.losses(), &contest.adaptive);
    let latencies = |of: &Outcome| {
        [of.mean(), of.quantile(0.5), of.quantile(0.99)].map(|ms| format!("{ms:.2}"))
    };
    // Adding zero makes a negative zero a plain one.
    let percent = |share: f64| format!("{:+.1}", (1_000.0 * share).round() / 10.0 + 0.0);
    let at_once = contest.fixed().next().map_or(0.0, |(_, it)| it.mean());
    let mut row = vec![scenario.name.to_owned(), linger.to_string()];
    row.extend(latencies(best));
    row.extend(latencies(adaptive));
    row.extend([
        format!("{:.1}", adaptive.size()),
        format!("{:.0}", adaptive.throughput()),
        percent(losses.mean),
        percent(losses.p99),
        percent(losses.throughput),
        format!("{at_once:.2}"),
        format!("{:.2}", one_by_one.mean()),
        format!("{:.0} %", 100.0 * one_by_one.taken_in()),
        format!("{:.0} %", 100.0 * oracle),
    ]);
    row
}

pub(super) fn figures(entry: &Entry) -> Vec<Figure> {
    let Entry { scenario, contest, one_by_one, oracle } = entry;
    let figure = |what: &str, unit, value| {
        let name = format!("{}, {}: {what}", scenario.cost.name, scenario.name);
        Figure::new(name, unit, value)
    };
    let losses = contest.losses();
    let of = |name: &str, outcome: &Outcome| {
        vec![
            figure(&format!("{name}, throughput"), "items/s", outcome.throughput()),
            figure(&format!("{name}, mean latency"), "ms", outcome.mean()),
            figure(&format!("{name}, median latency"), "ms", outcome.quantile(0.5)),
            figure(&format!("{name}, p99 latency"), "ms", outcome.quantile(0.99)),
            figure(&format!("{name}, batch size"), "items", outcome.size()),
        ]
    };
    let mut figures = of("adaptive", &contest.adaptive);
    for (linger, outcome) in contest.fixed() {
        figures.extend(of(&format!("{linger} ms"), outcome));
    }
    figures.extend(of("one by one", one_by_one));
    figures.extend([
        figure("best fixed linger", "ms", contest.best().0),
        figure("mean latency lost to it", "%", 100.0 * losses.mean),
        figure("p99 latency lost to it", "%", 100.0 * losses.p99),
        figure("throughput lost", "%", 100.0 * losses.throughput),
        figure("mean latency of the oracle, of the adaptive linger's", "%", 100.0 * oracle),
    ]);
    figures
}
