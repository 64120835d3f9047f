use std::borrow::Cow;

use serde_json::{Value, json};

/// Rows about one matter.
pub struct Section {
    /// Begins the names of its rows in the JSON.
    pub name: &'static str,
    /// What its figures are.
    pub about: String,
    /// In the order of the table.
    pub rows: Vec<Row>,
}

/// One line of the table: our figure, a peer's, and what we want.
pub struct Row {
    pub(crate) name: Cow<'static, str>,
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    pub(crate) peer: Option<(&'static str, f64)>,
    least: Option<f64>,
    most: Option<f64>,
    most_ratio: Option<f64>,
    promised: bool,
}

impl Row {
    /// A row with our figure alone.
    pub fn new(name: impl Into<Cow<'static, str>>, unit: &'static str, ours: f64) -> Self {
        let name = name.into();
        Self {
            name,
            unit,
            ours,
            peer: None,
            least: None,
            most: None,
            most_ratio: None,
            promised: false,
        }
    }

    /// Adds a peer's figure.
    pub fn beside(mut self, name: &'static str, figure: f64) -> Self {
        self.peer = Some((name, figure));
        self
    }

    /// The goal: our figure is at least this.
    pub fn at_least(mut self, least: f64) -> Self {
        self.least = Some(least);
        self
    }

    /// The goal: our figure is at most this.
    pub fn at_most(mut self, most: f64) -> Self {
        self.most = Some(most);
        self
    }

    /// The goal, or another part of it: our figure is at most this share of the peer's.
    pub fn ratio_at_most(mut self, most: f64) -> Self {
        self.most_ratio = Some(most);
        self
    }

    /// The goal holds on any machine, however busy: to miss it is a bug, and the program then fails.
    pub fn promised(mut self) -> Self {
        self.promised = true;
        self
    }

    /// Nothing where the peer takes nothing.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.peer.map(|(_, peer)| self.ours / peer).filter(|ratio| ratio.is_finite())
    }

    pub(crate) fn goal(&self) -> Option<String> {
        let bound =
            |sign, bound: f64| format!("ours {sign} {bound} {}", self.unit).trim_end().to_owned();
        let least = self.least.map(|least| bound(">=", least));
        let most = self.most.map(|most| bound("<=", most));
        let ratio = self.most_ratio.map(|most| format!("ratio <= {most}"));
        let promised = self.promised.then(|| "promised".to_owned());
        let parts: Vec<_> = [least, most, ratio, promised].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    pub(crate) fn breaks_promise(&self) -> bool {
        self.promised && self.met() == Some(false)
    }

    pub(crate) fn met(&self) -> Option<bool> {
        self.goal()?;
        let within = self.least.is_none_or(|least| self.ours >= least)
            && self.most.is_none_or(|most| self.ours <= most);
        let below = self.most_ratio.is_none_or(|most| self.ratio().is_some_and(|is| is <= most));
        Some(within && below)
    }

    pub(crate) fn json(&self, section: &str) -> Value {
        let round = |figure: f64| (figure * 1000.0).round() / 1000.0;
        json!({
            "name": format!("{section}: {}", self.name),
            "unit": self.unit,
            "ours": round(self.ours),
            "peer": self.peer.map(|(_, figure)| round(figure)),
            "peer_name": self.peer.map(|(name, _)| name),
            "ratio": self.ratio().map(round),
            "goal": self.goal(),
            "met": self.met(),
        })
    }
}
