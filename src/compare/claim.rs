//! A statement beside what was measured: does it hold?
//!
//! A statement says that a number equals another, or lies on one side of it. Whether it does is decided at every place where
//! it was measured: by a width that is left to the difference, or by chance, with Holm's correction over the places. It
//! holds where it holds everywhere. That a theory describes measurements is a statement too (`verdict`).

use super::statistics::{Estimate, holm, two_sided};
use super::verdict::{Comparison, Verdict};

/// What a statement says of a number x, beside a number y.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// x = y, to within the width.
    Equals,
    /// x ≤ y, or more by the width at most.
    AtMost,
    /// x ≥ y, or less by the width at most.
    AtLeast,
    /// x < y by more than the width.
    Below,
    /// x > y by more than the width.
    Above,
}

impl Relation {
    /// Whether it holds, and by how much x is on the wrong side of its edge.
    fn test(self, x: f64, y: f64, width: f64) -> (bool, f64) {
        let above = x - y;
        let excess = match self {
            Relation::Equals => above.abs() - width,
            Relation::AtMost => above - width,
            Relation::AtLeast => -above - width,
            Relation::Below => above + width,
            Relation::Above => width - above,
        };
        let strict = matches!(self, Relation::Below | Relation::Above);
        (if strict { excess < 0.0 } else { excess <= 0.0 }, excess)
    }
}

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test {
    /// The relation, to within the width of each place.
    Width(Relation),
    /// The probability of differences as large as these, if the statement is right: below this level it fails.
    Chance(f64),
}

/// A number that was measured, beside what a statement says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    /// What was measured.
    pub measured: Estimate,
    /// What is stated.
    pub predicted: f64,
    /// The difference over its standard error.
    pub z: f64,
    /// The probability of a difference this large, if the statement is right.
    pub chance: f64,
    /// The same with Holm's correction over all places, where it is a place of a [`Claim`].
    pub corrected: f64,
    /// What is left to a difference.
    pub width: f64,
    /// Whether it is known well enough to say.
    pub decided: bool,
}

impl Beside {
    /// A number beside another, by Student's t; no width is left to the difference.
    pub fn new(measured: Estimate, predicted: f64) -> Beside {
        let z = (measured.value - predicted) / measured.error;
        Beside::tested(measured, predicted, z, two_sided(z, measured.freedom))
    }

    /// A number beside another, of which is known how far off it is.
    pub fn tested(measured: Estimate, predicted: f64, z: f64, chance: f64) -> Beside {
        Beside { measured, predicted, z, chance, corrected: chance, width: 0.0, decided: true }
    }
}

impl From<&Comparison> for Beside {
    fn from(c: &Comparison) -> Beside {
        Beside::tested(Estimate { value: c.measured, ..c.difference }, c.predicted, c.z, c.p)
    }
}

/// A statement, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Where it stands.
    pub source: String,
    /// What it says.
    pub text: String,
    /// What was measured at the place where the statement is furthest off.
    pub measured: Estimate,
    /// What it says there.
    pub predicted: f64,
    /// What decides.
    pub test: Test,
    /// Whether it holds.
    pub verdict: Verdict,
    /// All places.
    pub places: Vec<Beside>,
    /// That where it is furthest off.
    pub worst: usize,
    /// At how many places it fails.
    pub rejected: usize,
    /// The smallest probability, with Holm's correction over all places.
    pub chance: f64,
}

impl Claim {
    /// Decides a statement from all places where it was measured; none where there are no such places.
    ///
    /// ```
    /// use overlaps::compare::claim::{Beside, Claim, Relation, Test};
    /// use overlaps::compare::{Estimate, Verdict};
    ///
    /// let measured = Estimate { value: -0.5002, error: 1e-4, freedom: 15.0 };
    /// let rate = |y: f64| {
    ///     let place = Beside { width: 3.0 * measured.error, ..Beside::new(measured, y) };
    ///     Claim::new("Result 3", "along η", Test::Width(Relation::AtMost), vec![place]).unwrap()
    /// };
    /// assert_eq!(rate(-1.0).verdict, Verdict::Disagrees);
    /// assert_eq!(rate(-0.5).verdict, Verdict::Agrees);
    /// ```
    pub fn new(
        source: impl Into<String>,
        text: impl Into<String>,
        test: Test,
        mut places: Vec<Beside>,
    ) -> Option<Claim> {
        let corrected = holm(&places.iter().map(|p| p.chance).collect::<Vec<_>>());
        places.iter_mut().zip(corrected).for_each(|(place, p)| place.corrected = p);
        let chance = places.iter().map(|place| place.corrected).fold(1.0, f64::min);
        let of = |place: usize| -> (bool, f64, f64) {
            let p = &places[place];
            match test {
                Test::Width(relation) => {
                    let (holds, excess) = relation.test(p.measured.value, p.predicted, p.width);
                    (holds, -excess, 0.0)
                }
                Test::Chance(level) => (p.corrected >= level, p.chance, -p.z.abs()),
            }
        };
        // What was not measured decides nothing.
        let decided = |place: &usize| places[*place].decided && !places[*place].measured.value.is_nan();
        let all = 0..places.len();
        let rejected = all.clone().filter(|place| decided(place) && !of(*place).0).count();
        let verdict = match rejected {
            0 if all.clone().all(|place| decided(&place)) => Verdict::Agrees,
            0 => Verdict::Undecided,
            _ => Verdict::Disagrees,
        };
        let key = |place: usize| (of(place).1, of(place).2);
        let smaller = |a: &usize, b: &usize| {
            let ((a, more_a), (b, more_b)) = (key(*a), key(*b));
            a.total_cmp(&b).then(more_a.total_cmp(&more_b))
        };
        let worst = all.min_by(smaller)?;
        let Beside { measured, predicted, .. } = places[worst];
        let (source, text) = (source.into(), text.into());
        Some(Claim { source, text, measured, predicted, test, verdict, places, worst, rejected, chance })
    }

    /// The place where it is furthest off.
    pub fn at_worst(&self) -> &Beside {
        &self.places[self.worst]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(value: f64, predicted: f64) -> Beside {
        Beside::new(Estimate { value, error: 0.01, freedom: 1e9 }, predicted)
    }

    fn claim(test: Test, places: &[Beside]) -> Claim {
        Claim::new("", "", test, places.to_vec()).unwrap()
    }

    #[test]
    fn a_relation_holds_up_to_its_width() {
        let holds = |relation, value: f64, width| {
            let places = [Beside { width, ..place(value, 1.0) }];
            claim(Test::Width(relation), &places).verdict == Verdict::Agrees
        };
        for (relation, value, width, expected) in [
            (Relation::Equals, 1.125, 0.125, true),
            (Relation::Equals, 0.75, 0.125, false),
            (Relation::AtMost, 1.125, 0.125, true),
            (Relation::AtMost, 1.25, 0.125, false),
            (Relation::AtMost, -7.0, 0.0, true),
            (Relation::AtLeast, 0.875, 0.125, true),
            (Relation::AtLeast, 0.75, 0.125, false),
            // Surely below: by more than the width.
            (Relation::Below, 0.875, 0.125, false),
            (Relation::Below, 0.75, 0.125, true),
            (Relation::Above, 1.125, 0.125, false),
            (Relation::Above, 1.25, 0.125, true),
        ] {
            assert_eq!(holds(relation, value, width), expected, "{relation:?} {value} {width}");
        }
    }

    #[test]
    fn chance_decides_with_the_correction_of_holm() {
        // |z| = 2 has probability 0.0455: less than 0.05 alone, not beside another.
        let alone = claim(Test::Chance(0.05), &[place(1.02, 1.0)]);
        assert_eq!((alone.verdict, alone.rejected), (Verdict::Disagrees, 1));
        assert!((alone.chance - 0.0455).abs() < 1e-4, "{alone:?}");
        let two = claim(Test::Chance(0.05), &[place(1.0, 1.0), place(1.02, 1.0)]);
        assert_eq!((two.verdict, two.rejected, two.worst), (Verdict::Agrees, 0, 1));
        assert!((two.chance - 0.091).abs() < 1e-4, "{two:?}");
        assert_eq!((two.measured.value, two.predicted), (1.02, 1.0));
    }

    #[test]
    fn it_holds_where_it_holds_everywhere() {
        let width = |value| Beside { width: 0.05, ..place(value, 1.0) };
        let claim = claim(Test::Width(Relation::Equals), &[width(1.01), width(0.9), width(1.07)]);
        assert_eq!((claim.verdict, claim.rejected, claim.worst), (Verdict::Disagrees, 2, 1));
        assert_eq!(claim.at_worst().measured.value, 0.9);
    }

    #[test]
    fn what_is_not_known_well_enough_is_undecided() {
        let far = Beside { decided: false, ..place(9.0, 1.0) };
        let equals = Test::Width(Relation::Equals);
        assert_eq!(claim(equals, &[far]).verdict, Verdict::Undecided);
        assert_eq!(claim(equals, &[place(f64::NAN, 1.0)]).verdict, Verdict::Undecided);
        // One place that fails is enough.
        assert_eq!(claim(equals, &[far, place(9.0, 1.0)]).verdict, Verdict::Disagrees);
        assert_eq!(Claim::new("", "", equals, Vec::new()), None);
    }
}
