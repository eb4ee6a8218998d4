//! The places of switches at given values: zeros, near zeros and peaks, by closed form where a switch is affine and
//! otherwise by a scan, refined in brackets.

use std::sync::OnceLock;

use super::places::{Kind, Switch};
use crate::average::{HALF_WIDTH, Sharp};

/// Half the spacing of the scan where the density is seen.
const SPACING: f64 = 0.0625;
/// The density is seen up to here.
const SEEN: f64 = 10.0;
/// The scan ends here; mass further out is not found.
const FAR: f64 = 150.0;
/// Growth of the spacing further out.
const GROWTH: f64 = 1.03;
/// The narrowest width that is told from none.
const NARROWEST: f64 = 1e-13;
/// Exponents this far below their largest value do not matter.
const NEGLIGIBLE: f64 = 60.0;
/// Exponents this far below their largest value are below the last digit of an average.
const LAST_DIGIT: f64 = 36.0;
/// The density falls to that at this distance.
const CORE_OF_DENSITY: f64 = 8.5;
/// From a place as far out as the end of the density, the density has fallen to its last digit within this.
const BEYOND: f64 = 4.0;
/// Brackets of one switch that are followed.
const MOST_BRACKETS: usize = 64;
/// Two zeros of one switch that may be the same, found twice.
const SAME: f64 = 1e-10;
/// Points inside a bracket in one step.
const INSIDE: usize = 9;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Kinks and jumps.
    pub cuts: Vec<f64>,
    /// Bends and peaks.
    pub sharp: Vec<Sharp>,
    /// Cuts, bends and peaks before which an integrand may vanish.
    pub(super) turns: Vec<f64>,
    /// Zeros of each switch.
    pub(super) zeros: Vec<Vec<f64>>,
    /// Where the mass of the exponents lies: none if there are none.
    pub mass: Option<(f64, f64)>,
    /// Where all of that mass but its last digit lies.
    pub core: Option<(f64, f64)>,
    /// Whether an exponent grows without end.
    pub unbounded: bool,
}

/// Evaluates the switches at coordinates, with trial values of the inner variables: `at(z, trial)[switch][point]`.
pub(super) type Evaluate<'a> = &'a mut dyn FnMut(&[f64], f64) -> Vec<Vec<f64>>;

fn scan() -> &'static [f64] {
    static GRID: OnceLock<Vec<f64>> = OnceLock::new();
    GRID.get_or_init(|| {
        let mut half = Vec::new();
        let (mut z, mut step) = (0.0, SPACING);
        while z < FAR {
            z += step;
            if z > SEEN {
                step *= GROWTH;
            }
            half.push(z);
        }
        half.iter().rev().map(|z| -z).chain([0.0]).chain(half.iter().copied()).collect()
    })
}

fn sign(x: f64) -> i8 {
    i8::from(x > 0.0) - i8::from(x < 0.0)
}

/// Finds the places of all switches; far out only for an outermost average, whose interval may be made longer, or where an
/// exponent must tell where its mass is.
pub(super) fn find(switches: &[Switch], outermost: bool, at: Evaluate) -> Places {
    let mut places = Places { zeros: vec![Vec::new(); switches.len()], ..Places::default() };
    if switches.is_empty() {
        return places;
    }
    let ends = at(&[0.0, 1.0], 0.0);
    let blurred = switches.iter().any(|s| s.blurred);
    let moved = if blurred { at(&[0.0], 1.0) } else { Vec::new() };
    for (k, switch) in switches.iter().enumerate().filter(|(_, s)| s.affine) {
        let (offset, slope) = (ends[k][0], ends[k][1] - ends[k][0]);
        let zero = -offset / slope;
        if switch.kind == Kind::Exponent {
            // The peak of α + βz − z²/2 is at β, its width 1.
            if slope.is_finite() {
                // √(2 · 60): what is negligible.
                places.add_mass(slope - 10.95, slope + 10.95);
                places.add_core(slope - CORE_OF_DENSITY, slope + CORE_OF_DENSITY);
            }
            continue;
        }
        if !zero.is_finite() || zero.abs() > FAR {
            continue;
        }
        places.zeros[k].push(zero);
        let blur = if switch.blurred { (moved[k][0] - offset).abs() } else { 0.0 };
        places.add_zero(*switch, zero, slope.abs(), blur);
    }
    if switches.iter().any(|s| !s.affine) {
        let far = outermost || switches.iter().any(|s| !s.affine && s.kind == Kind::Exponent);
        let (from, to) = if far { (-f64::INFINITY, f64::INFINITY) } else { interval(&places) };
        let grid = scan().iter().copied().filter(|z| from <= *z && *z <= to).collect();
        find_by_scan(switches, grid, at, &mut places);
    }
    places.cuts.sort_unstable_by(f64::total_cmp);
    places.cuts.dedup_by(|a, b| (*a - *b).abs() <= 4.0 * f64::EPSILON * b.abs());
    places
}

impl Places {
    fn add_zero(&mut self, switch: Switch, zero: f64, slope: f64, blur: f64) {
        let least = NARROWEST * (1.0 + zero.abs());
        if blur + 1.0 < HALF_WIDTH * slope {
            self.turns.push(zero);
        }
        match switch.kind {
            Kind::Cut if !switch.blurred => self.cuts.push(zero),
            Kind::Cut => self.sharp.push(Sharp { place: zero, width: (blur / slope).max(least) }),
            _ => {
                let width = ((1.0 + blur) / slope).max(least);
                if !width.is_nan() {
                    self.sharp.push(Sharp { place: zero, width });
                }
            }
        }
    }

    fn add_mass(&mut self, from: f64, to: f64) {
        let (a, b) = self.mass.unwrap_or((from, to));
        self.mass = Some((a.min(from), b.max(to)));
    }

    fn add_core(&mut self, from: f64, to: f64) {
        let (a, b) = self.core.unwrap_or((from, to));
        self.core = Some((a.min(from), b.max(to)));
    }
}

fn find_by_scan(switches: &[Switch], mut grid: Vec<f64>, at: Evaluate, places: &mut Places) {
    let mut values = at(&grid, 0.0);
    // Between inner kinks and bends, outer ones are separated; the same place may be a zero of several switches.
    let mut known: Vec<f64> = places.cuts.clone();
    known.extend(places.sharp.iter().map(|s| s.place));
    for round in 0..3 {
        let mut more = known.clone();
        for s in &places.sharp {
            more.extend([s.place - 2.0 * s.width, s.place + 2.0 * s.width]);
        }
        // −0 and 0 are one place.
        more.iter_mut().for_each(|z| *z += 0.0);
        more.retain(|z| grid.binary_search_by(|known| known.total_cmp(z)).is_err());
        more.sort_unstable_by(f64::total_cmp);
        more.dedup();
        if !more.is_empty() {
            insert(&mut grid, &mut values, &more, &at(&more, 0.0));
        }
        let before = known.len();
        let mut fresh = Places { zeros: vec![Vec::new(); switches.len()], ..Places::default() };
        for (k, switch) in switches.iter().enumerate().filter(|(_, s)| !s.affine) {
            match switch.kind {
                Kind::Peak | Kind::Exponent => peaks(*switch, k, &grid, &values[k], at, &mut fresh),
                _ => zeros(*switch, k, &grid, &values[k], at, &mut fresh),
            }
        }
        known = fresh.cuts.clone();
        known.extend(fresh.sharp.iter().map(|s| s.place));
        known.extend(&places.cuts);
        known.extend(places.sharp.iter().map(|s| s.place));
        known.sort_unstable_by(f64::total_cmp);
        known.dedup_by(|a, b| (*a - *b).abs() <= 1e-9 * (1.0 + b.abs()));
        let settled = known.len() <= before || round == 2;
        if settled {
            places.cuts.extend(fresh.cuts);
            places.sharp.extend(fresh.sharp);
            places.turns.extend(fresh.turns);
            places.unbounded |= fresh.unbounded;
            if let Some((from, to)) = fresh.mass {
                places.add_mass(from, to);
            }
            if let Some((from, to)) = fresh.core {
                places.add_core(from, to);
            }
            for (all, new) in places.zeros.iter_mut().zip(fresh.zeros) {
                all.extend(new);
            }
            return;
        }
    }
}

/// Inserts points, with the values of the switches there, into a grid.
fn insert(grid: &mut Vec<f64>, values: &mut [Vec<f64>], more: &[f64], there: &[Vec<f64>]) {
    let mut merged: Vec<(f64, bool, usize)> = grid.iter().enumerate().map(|(i, z)| (*z, false, i)).collect();
    merged.extend(more.iter().enumerate().map(|(i, z)| (*z, true, i)));
    // Two sorted stretches, which a stable sort merges.
    merged.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (values, there) in values.iter_mut().zip(there) {
        *values = merged.iter().map(|(_, new, i)| if *new { there[*i] } else { values[*i] }).collect();
    }
    *grid = merged.into_iter().map(|(z, ..)| z).collect();
}

/// Zeros of a switch, and for what nearly vanishes its smallest sizes.
fn zeros(switch: Switch, k: usize, grid: &[f64], values: &[f64], at: Evaluate, places: &mut Places) {
    let mut brackets = Vec::new();
    let mut dips = Vec::new();
    for i in 1..grid.len() {
        let (a, b) = (values[i - 1], values[i]);
        if a.is_nan() || b.is_nan() {
            continue;
        }
        if sign(a) != sign(b) {
            brackets.push((grid[i - 1], grid[i]));
        } else if i + 1 < grid.len()
            && b.abs() < a.abs()
            && b.abs() <= values[i + 1].abs()
            && sign(b) == sign(values[i + 1])
        {
            dips.push((grid[i - 1], grid[i], grid[i + 1]));
        }
    }
    let near = |z: &(f64, f64)| z.0.abs().min(z.1.abs());
    brackets.sort_by(|a, b| near(a).total_cmp(&near(b)));
    brackets.truncate(MOST_BRACKETS);
    dips.sort_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    dips.truncate(MOST_BRACKETS);
    for dip in dips {
        dip_of(switch, k, dip, at, places, &mut brackets);
    }
    for bracket in brackets {
        zero_in(switch, k, bracket, at, places);
    }
}

fn points_inside(from: f64, to: f64) -> Vec<f64> {
    (1..=INSIDE).map(|i| from + (to - from) * (i as f64 / (INSIDE + 1) as f64)).collect()
}

fn zero_in(switch: Switch, k: usize, (mut from, mut to): (f64, f64), at: Evaluate, places: &mut Places) {
    let (wide_from, wide_to) = (from, to);
    for _ in 0..24 {
        let mut z = vec![from];
        z.extend(points_inside(from, to));
        z.push(to);
        let values = at(&z, 0.0)[k].clone();
        let Some(i) = (1..z.len()).find(|i| sign(values[*i - 1]) != sign(values[*i])) else { break };
        (from, to) = (z[i - 1], z[i]);
        if to - from <= 2.0 * f64::EPSILON * from.abs().max(to.abs()) || to - from < 1e-300 {
            break;
        }
    }
    let values = at(&[from, to], 0.0)[k].clone();
    let zero = if values[0].abs() <= values[1].abs() { from } else { to };
    // The slope over a stretch that is neither round-off nor the whole bracket.
    let mut reach = 1e-7 * (1.0 + zero.abs());
    reach = reach.min(wide_to - wide_from);
    let ends = [zero - reach, zero + reach];
    let around = at(&ends, 0.0)[k].clone();
    let slope = ((around[1] - around[0]) / (2.0 * reach)).abs();
    let jump = (around[1] - around[0]).abs();
    // Within a bounded function a jump of its argument is a jump.
    if switch.kind == Kind::Centre && values[0].abs().min(values[1].abs()) > 0.25 * jump && jump > 0.0 {
        places.cuts.push(zero);
        places.turns.push(zero);
        return;
    }
    let blur = if switch.blurred { (at(&[zero], 1.0)[k][0] - at(&[zero], 0.0)[k][0]).abs() } else { 0.0 };
    if !found_before(k, zero, at, &places.zeros[k]) {
        places.zeros[k].push(zero);
    }
    match switch.kind {
        Kind::Low => {
            let width = NARROWEST * (1.0 + zero.abs());
            places.sharp.push(Sharp { place: zero, width });
        }
        _ if slope > 0.0 => places.add_zero(switch, zero, slope, blur),
        Kind::Cut => places.add_zero(switch, zero, 1.0, blur),
        _ => {}
    }
}

/// Whether a zero is one that is known: where a place of the scan lies in it, or within its last digits, it ends two brackets. Two zeros
/// next to each other leave the same sign on both sides.
fn found_before(k: usize, zero: f64, at: Evaluate, known: &[f64]) -> bool {
    let near = |other: &&f64| (*other - zero).abs() <= SAME * (1.0 + zero.abs());
    known.contains(&zero)
        || known.iter().any(|other| {
            near(&other) && {
                let (low, high) = (zero.min(*other), zero.max(*other));
                let beside = SAME * (1.0 + zero.abs());
                let values = at(&[low - beside, high + beside], 0.0)[k].clone();
                sign(values[0]) != sign(values[1])
            }
        })
}

/// The smallest size of a switch that does not change its sign, or the two zeros beside it.
fn dip_of(
    switch: Switch,
    k: usize,
    (mut from, mut middle, mut to): (f64, f64, f64),
    at: Evaluate,
    places: &mut Places,
    brackets: &mut Vec<(f64, f64)>,
) {
    for _ in 0..16 {
        let mut z = vec![from];
        z.extend(points_inside(from, to));
        z.push(middle);
        z.push(to);
        z.sort_unstable_by(f64::total_cmp);
        z.dedup();
        let values = at(&z, 0.0)[k].clone();
        if values.iter().any(|v| v.is_nan()) {
            return;
        }
        let first = sign(values[0]);
        if values.iter().any(|v| sign(*v) != first) {
            brackets.extend(
                (1..z.len()).filter(|i| sign(values[*i - 1]) != sign(values[*i])).map(|i| (z[i - 1], z[i])),
            );
            return;
        }
        let best = (1..z.len() - 1).min_by(|a, b| values[*a].abs().total_cmp(&values[*b].abs())).unwrap_or(1);
        let size = values[best].abs();
        (from, middle, to) = (z[best - 1], z[best], z[best + 1]);
        // Both sides: one of them may lie across a much lower place.
        let resolved = values[best - 1].abs().max(values[best + 1].abs()) <= 2.0 * size;
        if resolved || to - from <= NARROWEST * (1.0 + middle.abs()) {
            if matches!(switch.kind, Kind::Low | Kind::Centre) {
                // A bounded function whose argument stays away from 0 has nothing to follow.
                if switch.kind == Kind::Centre && size > 3.0 {
                    return;
                }
                let width = (0.5 * (to - from)).max(NARROWEST * (1.0 + middle.abs()));
                places.sharp.push(Sharp { place: middle, width });
            }
            return;
        }
    }
}

/// Peaks of an exponent g, joined with the density: of g − z²/2.
fn peaks(switch: Switch, k: usize, grid: &[f64], values: &[f64], at: Evaluate, places: &mut Places) {
    let total: Vec<f64> = grid
        .iter()
        .zip(values)
        .map(|(z, g)| if g.is_nan() { f64::NEG_INFINITY } else { g - 0.5 * z * z })
        .collect();
    let last = grid.len() - 1;
    let top = total.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut candidates: Vec<usize> =
        (1..last).filter(|i| total[*i] > total[i - 1] && total[*i] >= total[i + 1]).collect();
    candidates.sort_by(|a, b| total[*b].total_cmp(&total[*a]));
    candidates.truncate(MOST_BRACKETS);
    let mut found: Vec<(f64, f64, f64)> = Vec::new();
    for i in candidates {
        let (mut from, mut middle, mut to) = (grid[i - 1], grid[i], grid[i + 1]);
        let (mut height, mut drop) = (total[i], total[i] - total[i - 1].min(total[i + 1]));
        for _ in 0..20 {
            if drop <= 1.0 || to - from <= NARROWEST * (1.0 + middle.abs()) {
                break;
            }
            let mut z = vec![from];
            z.extend(points_inside(from, to));
            z.extend([middle, to]);
            z.sort_unstable_by(f64::total_cmp);
            z.dedup();
            let values: Vec<f64> = z.iter().zip(&at(&z, 0.0)[k]).map(|(z, g)| g - 0.5 * z * z).collect();
            let best = (1..z.len() - 1).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(1);
            (from, middle, to) = (z[best - 1], z[best], z[best + 1]);
            height = values[best];
            drop = height - values[best - 1].min(values[best + 1]);
        }
        let width = if drop > 0.0 { 0.5 * (to - from) / (2.0 * drop).sqrt() } else { 1.0 };
        found.push((middle, width, height));
    }
    let highest = found.iter().map(|f| f.2).fold(top, f64::max);
    for (place, width, height) in &found {
        if *height >= highest - NEGLIGIBLE || switch.kind == Kind::Peak {
            let blur = if switch.blurred { 1.0 } else { 0.0 };
            places.sharp.push(Sharp { place: *place, width: width.max(blur * width) });
            places.turns.push(*place);
        }
    }
    if switch.kind == Kind::Exponent {
        let matters = |i: &usize| total[*i] >= highest - NEGLIGIBLE;
        let (first, end) = ((0..=last).find(matters), (0..=last).rev().find(matters));
        let (first, end) = match (first, end) {
            (Some(a), Some(b)) => (a, b),
            // A peak between two points of the scan.
            _ => {
                let place = found.iter().find(|f| f.2 == highest).map_or(0.0, |f| f.0);
                let at = grid.partition_point(|z| *z < place);
                (at.min(last), at.saturating_sub(1))
            }
        };
        places.unbounded |= first == 0 || end == last;
        let from = grid[first.min(end).saturating_sub(1)];
        let to = grid[(first.max(end) + 1).min(last)];
        places.add_mass(from, to);
        let near = |i: &usize| total[*i] >= highest - LAST_DIGIT;
        let ends = ((0..=last).find(near), (0..=last).rev().find(near));
        match ends {
            (Some(a), Some(b)) => {
                places.add_core(grid[a.saturating_sub(1)], grid[(b + 1).min(last)]);
            }
            _ => places.add_core(from, to),
        }
    }
}

/// The interval that averages need: that of the density, that of the mass of the exponents, and what lies beyond places
/// further out, before which an integrand may vanish. (What multiplies an exponential may undo it, so that its mass alone
/// is not enough.)
pub(super) fn interval(places: &Places) -> (f64, f64) {
    let (from, to) = places.mass.unwrap_or((0.0, 0.0));
    let (mut from, mut to) = (from.min(-HALF_WIDTH), to.max(HALF_WIDTH));
    for place in places.turns.iter().filter(|z| z.abs() > HALF_WIDTH - BEYOND) {
        (from, to) = (from.min(place - BEYOND), to.max(place + BEYOND));
    }
    (from, to)
}
