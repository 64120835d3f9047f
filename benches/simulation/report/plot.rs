//! Curves over time, or something else, one panel below the other.

use std::fmt::Write;

/// A picture.
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) about: String,
    /// What the axis on the left counts.
    pub(crate) unit: &'static str,
    /// What the axis below counts.
    pub(crate) across: &'static str,
    /// How much of that each value stands for.
    pub(crate) step: f64,
    pub(crate) panels: Vec<Panel>,
}

/// Curves that share their axes.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) series: Vec<Series>,
}

/// One curve: a value for each step.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) color: &'static str,
    pub(crate) dashed: bool,
    /// From 0 to 1, on the axis on the right.
    pub(crate) share: bool,
    pub(crate) values: Vec<f64>,
}

const WIDTH: f64 = 940.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 64.0;
const TOP: f64 = 92.0;
const HEIGHT: f64 = 170.0;
const GAP: f64 = 48.0;

impl Plot {
    pub(crate) fn svg(&self) -> String {
        let most = self.panels.iter().flat_map(Panel::rates).fold(1.0, f64::max);
        let step = round_step(most / 4.0);
        let top = (most / step).ceil() * step;
        let scale =
            Scale { width: self.width(), each: self.step, step, top, shares: self.has_shares() };
        let bottom = TOP + self.panels.len() as f64 * (HEIGHT + GAP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {bottom}\" width=\"{WIDTH}\" height=\"{bottom}\" \
             font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#333\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        let title = "font-size=\"18\" font-weight=\"bold\"";
        text(&mut svg, LEFT, 28.0, "start", title, &self.title);
        text(&mut svg, LEFT, 47.0, "start", "fill=\"#666\"", &self.about);
        self.legend(&mut svg);
        for (nth, panel) in self.panels.iter().enumerate() {
            let top = TOP + nth as f64 * (HEIGHT + GAP);
            text(&mut svg, LEFT, top - 7.0, "start", "font-weight=\"bold\"", &panel.title);
            scale.axes(&mut svg, top, self.unit);
            for series in &panel.series {
                scale.curve(&mut svg, top, series);
            }
        }
        text(&mut svg, RIGHT, bottom - 6.0, "end", "fill=\"#666\"", self.across);
        svg + "</svg>\n"
    }

    fn width(&self) -> f64 {
        let series = self.panels.iter().flat_map(|panel| &panel.series);
        self.step * series.map(|series| series.values.len()).max().unwrap_or(1) as f64
    }

    fn has_shares(&self) -> bool {
        self.panels.iter().flat_map(|panel| &panel.series).any(|series| series.share)
    }

    fn legend(&self, svg: &mut String) {
        let mut x = LEFT;
        for series in self.panels.first().map_or(&[][..], |panel| &panel.series) {
            let _ = writeln!(
                svg,
                "<line x1=\"{x}\" y1=\"62\" x2=\"{}\" y2=\"62\" {}/>",
                x + 24.0,
                series.stroke()
            );
            let name = if series.share {
                format!("{} (right axis)", series.name)
            } else {
                series.name.to_owned()
            };
            text(svg, x + 30.0, 66.0, "start", "", &name);
            x += 52.0 + 6.6 * name.chars().count() as f64;
        }
    }
}

impl Panel {
    fn rates(&self) -> impl Iterator<Item = f64> {
        self.series.iter().filter(|series| !series.share).flat_map(|it| it.values.iter().copied())
    }
}

impl Series {
    fn stroke(&self) -> String {
        let dashes = if self.dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        format!("stroke=\"{}\" stroke-width=\"1.6\" fill=\"none\"{dashes}", self.color)
    }
}

struct Scale {
    /// Of all values together.
    width: f64,
    /// Of one.
    each: f64,
    /// Between two lines of the grid, and at the top.
    step: f64,
    top: f64,
    /// Whether there is anything for the axis on the right.
    shares: bool,
}

impl Scale {
    fn x(&self, across: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * across / self.width
    }

    fn axes(&self, svg: &mut String, top: f64, unit: &str) {
        let bottom = top + HEIGHT;
        let lines = (self.top / self.step).round() as usize;
        for line in 0..=lines {
            let y = bottom - HEIGHT * line as f64 / lines as f64;
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\" stroke=\"#e3e3e3\"/>"
            );
            let value = self.step * line as f64;
            text(svg, LEFT - 8.0, y + 4.0, "end", "", &value.to_string());
        }
        for share in [0.0, 0.5, 1.0].into_iter().filter(|_| self.shares) {
            let y = bottom - HEIGHT * share + 4.0;
            text(svg, RIGHT + 8.0, y, "start", "", &share.to_string());
        }
        let step = round_step(self.width / 8.0);
        let ticks = (self.width / step).floor() as usize;
        for tick in 0..=ticks {
            let across = step * tick as f64;
            text(svg, self.x(across), bottom + 16.0, "middle", "", &across.to_string());
        }
        let (x, y) = (LEFT - 48.0, top + 0.5 * HEIGHT);
        let turned = format!("fill=\"#666\" transform=\"rotate(-90 {x} {y})\"");
        text(svg, x, y, "middle", &turned, unit);
    }

    fn curve(&self, svg: &mut String, top: f64, series: &Series) {
        let most = if series.share { 1.0 } else { self.top };
        let points = series.values.iter().enumerate().map(|(nth, value)| {
            let y = top + HEIGHT * (1.0 - value / most);
            format!("{:.1},{y:.1}", self.x(self.each * (nth as f64 + 0.5)))
        });
        let points = points.collect::<Vec<_>>().join(" ");
        let _ = writeln!(svg, "<polyline points=\"{points}\" {}/>", series.stroke());
    }
}

/// 1, 2 or 5 with zeros, and no less than `least`.
fn round_step(least: f64) -> f64 {
    let ten = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|by| by * ten).into_iter().find(|step| *step >= least).unwrap_or(ten)
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, style: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{text}</text>"
    );
}
