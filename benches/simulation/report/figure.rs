use serde_json::{Value, json};

/// One number.
pub(crate) struct Figure {
    name: String,
    unit: &'static str,
    value: f64,
    most: Option<f64>,
}

impl Figure {
    pub(crate) fn new(name: String, unit: &'static str, value: f64) -> Self {
        Self { name, unit, value, most: None }
    }

    /// The goal: at most this.
    pub(crate) fn at_most(self, most: f64) -> Self {
        Self { most: Some(most), ..self }
    }

    pub(crate) fn goal(&self) -> Option<String> {
        self.most.map(|most| format!("<= {most} {}", self.unit))
    }

    pub(crate) fn met(&self) -> Option<bool> {
        self.most.map(|most| self.value <= most)
    }

    /// With the names that the areas beside peers have. What never comes is `null`.
    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "unit": self.unit,
            "ours": self.value.is_finite().then(|| (self.value * 1000.0).round() / 1000.0),
            "goal": self.goal(),
            "met": self.met(),
        })
    }
}
