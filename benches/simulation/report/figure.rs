use serde_json::{Value, json};

/// One number.
pub(crate) struct Figure {
    name: String,
    unit: &'static str,
    value: f64,
    goal: Option<Goal>,
}

#[derive(Clone, Copy)]
enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    pub(crate) fn new(name: String, unit: &'static str, value: f64) -> Self {
        Self { name, unit, value, goal: None }
    }

    pub(crate) fn at_most(self, most: f64) -> Self {
        Self { goal: Some(Goal::AtMost(most)), ..self }
    }

    pub(crate) fn at_least(self, least: f64) -> Self {
        Self { goal: Some(Goal::AtLeast(least)), ..self }
    }

    pub(crate) fn goal(&self) -> Option<String> {
        self.goal.map(|goal| match goal {
            Goal::AtMost(most) => format!("<= {most} {}", self.unit),
            Goal::AtLeast(least) => format!(">= {least} {}", self.unit),
        })
    }

    pub(crate) fn met(&self) -> Option<bool> {
        self.goal.map(|goal| match goal {
            Goal::AtMost(most) => self.value <= most,
            Goal::AtLeast(least) => self.value >= least,
        })
    }

    /// The name, the value, the goal and whether it is met.
    pub(crate) fn row(&self) -> Vec<String> {
        let value = if self.value.is_finite() {
            format!("{:.2} {}", self.value, self.unit)
        } else {
            "never".to_owned()
        };
        let met = self.met().map_or("", |met| if met { "met" } else { "MISSED" });
        vec![self.name.clone(), value, self.goal().unwrap_or_default(), met.to_owned()]
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
