//! What came out of one combination of parameters, and the window of times in which the class is decided there.

use overlaps::numeric::significant;

use super::decided_at;

/// What came out of one combination of parameters, against the time of the turn, for samples that started in + and −.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// The combination in words.
    pub label: String,
    /// Mean over data sets with its standard error.
    pub measured: [Vec<(f64, f64, f64)>; 2],
    /// What is predicted.
    pub expected: [Vec<(f64, f64)>; 2],
    /// The posterior, the exact denoiser's.
    pub exact: [Vec<(f64, f64)>; 2],
}

/// The window of one combination of parameters, in t and in √dτ.
#[derive(Debug, Clone)]
pub struct Window {
    /// The combination in words.
    pub label: String,
    /// The levels of memory.
    pub levels: (f64, f64),
    /// Where the measured memory crosses them.
    pub measured: [Option<f64>; 2],
    /// Where the predicted one does.
    pub predicted: [Option<f64>; 2],
    /// √dτ of the exact denoiser as d → ∞.
    pub exact: [f64; 2],
}

impl Window {
    /// Of one combination at weight p of mode +.
    pub(super) fn new(series: &Series, p: f64, levels: (f64, f64)) -> Window {
        let memory = |plus: &[(f64, f64)], minus: &[(f64, f64)]| -> Vec<(f64, f64)> {
            plus.iter().zip(minus).map(|((t, x), (_, y))| (*t, x - y)).collect()
        };
        let plain =
            |data: &[(f64, f64, f64)]| -> Vec<(f64, f64)> { data.iter().map(|(t, x, _)| (*t, *x)).collect() };
        let measured = memory(&plain(&series.measured[0]), &plain(&series.measured[1]));
        let predicted = memory(&series.expected[0], &series.expected[1]);
        let of = |curve: &[(f64, f64)]| [levels.0, levels.1].map(|level| crossing(curve, level));
        Window {
            label: series.label.clone(),
            levels,
            measured: of(&measured),
            predicted: of(&predicted),
            exact: [levels.0, levels.1].map(|level| decided_at(p, level)),
        }
    }
}

/// A window between two times of turns, in words.
pub fn in_times(ends: [Option<f64>; 2]) -> String {
    match ends {
        [Some(a), Some(b)] => format!("t = {} to {}", significant(a, 3), significant(b, 3)),
        [Some(a), None] => format!("t = {} to beyond the last turn", significant(a, 3)),
        [None, Some(b)] => format!("before the first turn to t = {}", significant(b, 3)),
        [None, None] => "outside these times".into(),
    }
}

/// Where a rising curve first crosses a level, linearly between its points.
pub fn crossing(curve: &[(f64, f64)], level: f64) -> Option<f64> {
    let mut sorted = curve.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    sorted.windows(2).find(|pair| pair[0].1 < level && pair[1].1 >= level).map(|pair| {
        let [(a, x), (b, y)] = [pair[0], pair[1]];
        a + (b - a) * (level - x) / (y - x)
    })
}
