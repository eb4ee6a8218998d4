//! What networks say of training times: their fractions as a table, means and paired differences over seeds, verdicts and a figure.

use super::Made;
use overlaps::chart::{Curve, Figure, LineStyle, Panel, Points};
use overlaps::compare::Estimate;
use overlaps::compare::claim::{Beside, Claim, Relation, Test};
use overlaps::compare::statistics::critical;
use overlaps::language::EquationError;
use overlaps::output::{Cell, Column, Role, Table};
use overlaps::paper::{Decided, Paper};

/// Ways of counting the images of a class.
pub const COUNTS: [(&str, &str); 3] = [
    ("of_all", "fraction of all images for which this class is the likeliest"),
    ("likelier", "fraction of all images for which it is likelier than the other classes of the data"),
    ("among", "fraction among the images whose likeliest class is one of the data"),
];

/// The rows of all networks, and what they say.
pub struct Compared {
    /// A row for each network.
    pub table: Table,
    /// The share of the larger class in the data.
    pub truth: f64,
    /// The larger class.
    pub class: String,
    /// Each count of each condition: its mean over seeds.
    means: Vec<[Estimate; 3]>,
    /// Each count of each condition but the first: its difference from the first, paired.
    differences: Vec<[Estimate; 3]>,
    /// How much nearer the fraction is to the truth than with the first condition, paired.
    nearer: Vec<[Estimate; 3]>,
    names: Vec<String>,
}

/// The mean over seeds, with its standard error. Fractions are rounded, so that values scatter by no less than `rounding`, also where
/// a few of them happen to be the same.
fn estimate(values: &[f64], rounding: f64) -> Estimate {
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    let square: f64 = values.iter().map(|x| (x - value).powi(2)).sum();
    let variance = (square / (count - 1.0)).max(rounding * rounding);
    Estimate { value, error: (variance / count).sqrt(), freedom: count - 1.0 }
}

impl Compared {
    /// What was made under these conditions, seed by seed, of so many images each.
    pub(super) fn new(
        names: Vec<String>,
        made: &[(u64, Made)],
        samples: usize,
        (truth, class): (f64, String),
    ) -> Compared {
        let conditions = names.len();
        let mut columns = vec![
            Column::new("times", "training times", Role::Label),
            Column::new("seed", "key of the random numbers", Role::Parameter),
        ];
        columns.extend(COUNTS.iter().map(|(name, meaning)| Column::new(*name, *meaning, Role::Output)));
        columns.push(Column::new(
            "neither",
            "fraction of images judged to be of no class of the data",
            Role::Output,
        ));
        columns.push(Column::new("loss", "mean loss of the last tenth of the steps", Role::Output));
        let mut table = Table::new(columns);
        for ((seed, made), name) in made.iter().zip(names.iter().cycle()) {
            let mut row = vec![Cell::from(name.as_str()), Cell::Integer(*seed)];
            row.extend(made.fractions.map(Cell::from));
            row.extend([made.neither, made.loss].map(Cell::Number));
            table.rows.push(row);
        }
        let of = |condition: usize, count: usize| -> Vec<f64> {
            let of_condition = made.iter().skip(condition).step_by(conditions);
            of_condition.map(|(_, made)| made.fractions[count].unwrap_or(f64::NAN)).collect()
        };
        // Of a fraction, uniform over what is rounded; of differences that of two.
        let rounding = 1.0 / (12f64.sqrt() * samples as f64);
        let each = |condition: usize, fractions: f64, between: &dyn Fn(f64, f64) -> f64| {
            std::array::from_fn(|count| {
                let (own, first) = (of(condition, count), of(0, count));
                let values: Vec<f64> =
                    own.iter().zip(&first).map(|(own, first)| between(*own, *first)).collect();
                estimate(&values, rounding * fractions.sqrt())
            })
        };
        let all = 0..conditions;
        Compared {
            table,
            truth,
            class,
            means: all.clone().map(|k| each(k, 1.0, &|own, _| own)).collect(),
            differences: all.clone().skip(1).map(|k| each(k, 2.0, &|own, first| own - first)).collect(),
            nearer: all
                .skip(1)
                .map(|k| each(k, 2.0, &|own, first| (first - truth).abs() - (own - truth).abs()))
                .collect(),
            names,
        }
    }

    /// A row for each condition and count: the mean, by how much it exceeds the share, its difference from the first condition, how much nearer
    /// it is to the share. `critical` times an error is half of the interval that a chance of `level` leaves.
    pub fn summary(&self, level: f64) -> Table {
        let columns = [
            ("times", Role::Label),
            ("class", Role::Label),
            ("count", Role::Label),
            ("share", Role::Output),
            ("fraction", Role::Output),
            ("error", Role::Certificate),
            ("excess", Role::Output),
            ("difference", Role::Output),
            ("difference_error", Role::Certificate),
            ("nearer", Role::Output),
            ("nearer_error", Role::Certificate),
            ("freedom", Role::Certificate),
            ("critical", Role::Certificate),
        ];
        let mut table = Table::new(columns.map(|(name, role)| Column::new(name, "", role)).to_vec());
        for (condition, name) in self.names.iter().enumerate() {
            for (count, (word, _)) in COUNTS.iter().enumerate() {
                let mean = self.means[condition][count];
                let mut row: Vec<Cell> = [name.as_str(), &self.class, word].map(Cell::from).to_vec();
                let excess = mean.value - self.truth;
                row.extend([self.truth, mean.value, mean.error, excess].map(Cell::Number));
                for of in [&self.differences, &self.nearer] {
                    match condition.checked_sub(1).map(|k| of[k][count]) {
                        Some(own) => row.extend([own.value, own.error].map(Cell::Number)),
                        None => row.extend([Cell::Missing, Cell::Missing]),
                    }
                }
                row.extend([mean.freedom, critical(level, mean.freedom)].map(Cell::Number));
                table.rows.push(row);
            }
        }
        table
    }

    /// What the paper states of such images, decided from these; nothing where they have no such window or class.
    ///
    /// # Errors
    /// A statement that does not compile over the summary.
    pub fn statements(&self, level: f64) -> std::result::Result<Vec<Decided>, EquationError> {
        let summary = self.summary(level);
        let mut decided = Vec::new();
        for statement in Paper::load("2412.07972")?.statements_of("images") {
            decided.extend(statement.decide(&summary)?);
        }
        Ok(decided)
    }

    /// That training at times where the class is decided makes its fraction nearer to that of the data, by the first way of counting:
    /// decided where the difference is larger than chance makes it at this level.
    pub fn claim(&self, level: f64) -> Option<Claim> {
        let nearer = self.nearer.first()?[0];
        let width = critical(level, nearer.freedom) * nearer.error;
        let place = Beside { width, decided: nearer.value.abs() > width, ..Beside::new(nearer, 0.0) };
        // What lies on the wrong side is no less decided.
        let text = format!(
            "with half of the times in the window the fraction of class {} is nearer to its share",
            self.class
        );
        Claim::new("Section 6.2", text, Test::Width(Relation::Above), vec![place])
    }

    /// The fractions against the seed, a panel for each way of counting.
    pub fn figure(&self) -> Figure {
        let mut panels = Vec::new();
        for (count, (word, _)) in COUNTS.iter().enumerate() {
            let mut panel = Panel::new(format!("fraction {}", word.replace('_', " ")));
            let numbers = |row: &Vec<Cell>| Some((row[1].number()?, row[2 + count].number()?, 0.0));
            let seeds: Vec<f64> = self.table.rows.iter().filter_map(|row| row[1].number()).collect();
            let first = seeds.iter().copied().fold(f64::INFINITY, f64::min);
            let last = seeds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for (place, name) in self.names.iter().enumerate().take(6) {
                let own = self.table.rows.iter().filter(|row| row[0] == Cell::from(name.as_str()));
                panel.points.push(Points::new(name.as_str(), place, own.filter_map(numbers)));
                let mean = self.means[place][count].value;
                panel.curves.push(Curve::new("", LineStyle::Solid, place, vec![(first, mean), (last, mean)]));
            }
            let truth = vec![(first, self.truth), (last, self.truth)];
            panel.curves.push(Curve::new("share in the data", LineStyle::Dotted, 6, truth));
            panels.push(panel);
        }
        Figure {
            title: format!("Generated images of class {}", self.class),
            subtitle: "lines: means over seeds".into(),
            x_label: "seed".into(),
            panels,
            ..Figure::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use overlaps::compare::Verdict;

    fn made(fraction: f64) -> Made {
        let fractions = [Some(fraction); 3];
        Made { run: String::new(), judged_by: String::new(), fractions, neither: 0.0, loss: 0.0 }
    }

    /// Two conditions, over as many seeds as there are pairs of counts of 48 images, of a class of which the data have a half.
    fn verdict(pairs: &[[f64; 2]]) -> Verdict {
        let seeds = pairs.iter().enumerate();
        let all: Vec<(u64, Made)> =
            seeds.flat_map(|(seed, pair)| pair.map(|count| (seed as u64, made(count / 48.0)))).collect();
        let compared = Compared::new(vec!["a".into(), "b".into()], &all, 48, (0.5, "0".into()));
        compared.claim(0.05).unwrap().verdict
    }

    #[test]
    fn one_image_less_with_both_of_two_seeds_is_nothing_certain() {
        assert_eq!(verdict(&[[48.0, 47.0], [42.0, 41.0]]), Verdict::Undecided);
        assert_eq!(verdict(&[[48.0, 40.0], [42.0, 34.0]]), Verdict::Agrees);
        assert_eq!(verdict(&[[40.0, 48.0], [34.0, 42.0]]), Verdict::Disagrees);
        assert_eq!(verdict(&[[40.0, 39.0], [40.0, 39.0], [40.0, 39.0], [40.0, 39.0]]), Verdict::Agrees);
    }
}
