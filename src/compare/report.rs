//! Answers as tables and words.

use serde_json::{Value as Json, json};

use super::answer::Answer;
use super::corrections::Corrections;
use super::measurements::{Measurement, Measurements};
use super::verdict::{Comparison, Rules, Verdict, Why};
use crate::numeric::significant;
use crate::output::json::number;
use crate::output::{Cell, Column, OutputError, Role, Table};
use crate::value::Value;

/// Rejected comparisons that are named per theory.
const WORST_NAMED: usize = 3;

/// One row per comparison, for files.
///
/// # Errors
/// None that a user can cause.
pub fn table(measurements: &Measurements, answers: &[Answer], rules: &Rules) -> Result<Table, OutputError> {
    let mut columns = vec![Column::new(measurements.control.clone(), "control parameter", Role::Control)];
    columns.extend(
        group_columns(measurements).into_iter().map(|name| Column::new(name, "parameter", Role::Parameter)),
    );
    columns.extend(Answer::columns(&measurements.size));
    let mut table = Table::new(columns);
    for answer in answers {
        for c in &answer.judged.comparisons {
            let mut row = vec![Cell::Number(c.place.control)];
            row.extend(group_cells(&c.place.group));
            row.extend(answer.cells(measurements, c, rules));
            table.push(row)?;
        }
    }
    Ok(table)
}

/// What a file of measurements has to say about groups: the columns of the table in front of the comparisons.
fn group_columns(measurements: &Measurements) -> Vec<String> {
    measurements.key_parameters().into_iter().map(|k| measurements.parameters[k].clone()).collect()
}

/// The values of a group under these columns.
fn group_cells(group: &[Value]) -> Vec<Cell> {
    group.iter().map(Cell::from).collect()
}

/// Where a comparison is made, in words.
fn place(measurements: &Measurements, c: &Comparison) -> String {
    let size = &measurements.size;
    let d =
        if c.place.d.is_infinite() { format!("{size} → ∞") } else { format!("{size} = {}", c.place.d) };
    format!(
        "{} at {} = {}, {d}",
        measurements.overlaps[c.place.overlap], measurements.control, c.place.control
    )
}

/// A comparison in words.
fn describe(measurements: &Measurements, c: &Comparison) -> String {
    format!(
        "{}: measured {} ± {}, predicted {}, z = {}, p = {}",
        place(measurements, c),
        significant(c.measured, 6),
        significant(c.difference.error, 2),
        significant(c.predicted, 6),
        significant(c.z, 3),
        significant(c.p, 2)
    )
}

/// The verdicts for the side file.
pub fn json(measurements: &Measurements, answers: &[Answer], rules: &Rules) -> Json {
    let of = |answer: &Answer| {
        let mut entry = json!({
            "theory": answer.predictions.theory.name(),
            "compared": answer.compared(),
            "comparisons": answer.judged.comparisons.len(),
            "rejected": answer.judged.rejected(rules).len(),
            "verdict": answer.judged.verdict.name(),
        });
        if let Some(worst) = answer.judged.worst() {
            entry["smallest_p_holm"] = number(worst.p_holm);
            entry["worst"] = json!(describe(measurements, worst));
        }
        if let Some(advice) = &answer.judged.advice {
            entry["advice"] = json!(advice);
        }
        entry
    };
    answers.iter().map(of).collect()
}

/// Everything to read: comparisons, at most so many rows of them (0: all), verdicts, the worst rows, what to do. `render` shows a table
/// with so many digits.
///
/// # Errors
/// None that a user can cause.
pub fn text(
    measurements: &Measurements,
    answers: &[Answer],
    rules: &Rules,
    rows: usize,
    render: impl Fn(&Table, usize) -> String,
) -> Result<String, OutputError> {
    let mut text = String::new();
    let limit: Vec<&Answer> = answers.iter().filter(|a| a.in_the_limit && !a.predictions.at_each_d).collect();
    let at_each_d: Vec<&Answer> = answers.iter().filter(|a| !a.in_the_limit).collect();
    // There is one comparison at each d for one in the limit, and they matter less one by one.
    let size = &measurements.size;
    let corrections = rules.corrections(measurements);
    let how = match *corrections == Corrections::default() {
        true => String::new(),
        false => format!(" by {}", corrections.in_words(size)),
    };
    let headings = [format!("extrapolated to {size} → ∞{how}"), format!("at each {size}")];
    for (heading, (group, rows)) in headings.into_iter().zip([(limit, rows), (at_each_d, rows / 3)]) {
        let (table, all) = side_by_side(measurements, &group, rows)?;
        if !table.rows.is_empty() {
            let which = match table.rows.len() < all {
                true => format!(": the {} largest |z| of {all}", table.rows.len()),
                false => String::new(),
            };
            text += &format!("\n{heading}{which}\n{}", render(&table, 5));
        }
    }
    text += &format!(
        "\nverdicts: a right theory is rejected with probability {} (Student's t, Holm's correction)\n{}",
        rules.level,
        render(&verdicts(answers, rules)?, 3)
    );
    for answer in answers {
        let rejected = answer.judged.rejected(rules);
        for (index, c) in rejected.iter().take(WORST_NAMED).enumerate() {
            let lead = if index == 0 { format!("{} fails for ", answer.name()) } else { "  and ".into() };
            text += &format!("{lead}{}\n", describe(measurements, c));
        }
        if rejected.len() > WORST_NAMED {
            text += &format!("  and {} more\n", rejected.len() - WORST_NAMED);
        }
        if let Some(advice) = &answer.judged.advice {
            text += &format!("{} is undecided: {advice}\n", answer.name());
        }
        text += &left_out(measurements, answer);
    }
    text += &told_apart(answers);
    Ok(text)
}

/// What could not be compared with a theory, and why.
fn left_out(measurements: &Measurements, answer: &Answer) -> String {
    let mut text = String::new();
    for why in [Why::Infinite, Why::OneSeed, Why::Dimensions] {
        let mut out = answer.judged.left_out.iter().filter(|out| out.why == why).peekable();
        let Some(first) = out.peek().copied() else { continue };
        let d = if first.d.is_finite() {
            format!(", {} = {}", measurements.size, first.d)
        } else {
            String::new()
        };
        text += &format!(
            "{}: {} comparisons are left out ({}), the first {} at {} = {}{d}\n",
            answer.name(),
            out.count(),
            why.name(),
            measurements.overlaps[first.overlap],
            measurements.control,
            first.control
        );
    }
    text
}

/// Comparisons at the same place in one row, theory beside theory; where there are more than `most` (0: no limit), those
/// of largest |z|. And how many there are.
fn side_by_side(
    measurements: &Measurements,
    answers: &[&Answer],
    most: usize,
) -> Result<(Table, usize), OutputError> {
    let groups = group_columns(measurements);
    let varies = |index: usize| {
        let mut values = answers.iter().flat_map(|a| &a.judged.comparisons).map(|c| &c.place.group[index]);
        let first = values.next();
        values.any(|v| Some(v) != first)
    };
    let shown: Vec<usize> = (0..groups.len()).filter(|index| varies(*index)).collect();
    let with_d = answers.iter().flat_map(|a| &a.judged.comparisons).any(|c| c.place.d.is_finite());
    let mut columns = vec![Column::new(measurements.control.clone(), "", Role::Control)];
    columns.extend(shown.iter().map(|index| Column::new(groups[*index].clone(), "", Role::Parameter)));
    if with_d {
        columns.push(Column::new(measurements.size.clone(), "", Role::Parameter));
    }
    columns.push(Column::new("overlap", "", Role::Label));
    columns.extend(["measured", "±"].map(|name| Column::new(name, "", Role::Output)));
    for answer in answers {
        columns.push(Column::new(answer.predictions.theory.name(), "", Role::Output));
        columns.push(Column::new("z", "", Role::Certificate));
    }
    let mut table = Table::new(columns);
    let mut places: Vec<&Comparison> = Vec::new();
    for c in answers.iter().flat_map(|a| &a.judged.comparisons) {
        if !places.iter().any(|known| known.place == c.place) {
            places.push(c);
        }
    }
    let all = places.len();
    if most > 0 && all > most {
        let largest = |c: &Comparison| {
            let here =
                answers.iter().flat_map(|a| &a.judged.comparisons).filter(|other| other.place == c.place);
            here.map(|c| c.z.abs()).fold(0.0, f64::max)
        };
        let mut bounds: Vec<f64> = places.iter().map(|c| largest(c)).collect();
        bounds.sort_by(|a, b| b.total_cmp(a));
        let bound = bounds[most - 1];
        places.retain(|c| largest(c) >= bound);
    }
    for c in places {
        let mut row = vec![Cell::Number(c.place.control)];
        let group = group_cells(&c.place.group);
        row.extend(shown.iter().map(|index| group[*index].clone()));
        if with_d {
            row.push(Cell::Number(c.place.d));
        }
        row.push(Cell::from(measurements.overlaps[c.place.overlap].as_str()));
        row.extend([Cell::Number(c.measured), Cell::Text(significant(c.difference.error, 2))]);
        for answer in answers {
            let found = answer.judged.comparisons.iter().find(|other| other.place == c.place);
            let z = found.map(|c| {
                let digits = if c.z.abs() < 100.0 { format!("{:.1}", c.z) } else { significant(c.z, 3) };
                Cell::Text(digits)
            });
            row.push(found.map(|c| c.predicted).into());
            row.push(z.unwrap_or_default());
        }
        table.push(row)?;
    }
    Ok((table, all))
}

fn verdicts(answers: &[Answer], rules: &Rules) -> Result<Table, OutputError> {
    let mut table = Table::new(
        [
            ("theory", Role::Label),
            ("compared", Role::Label),
            ("comparisons", Role::Output),
            ("rejected", Role::Output),
            ("largest |z|", Role::Output),
            ("p (Holm)", Role::Output),
            ("verdict", Role::Label),
        ]
        .map(|(name, role)| Column::new(name, "", role))
        .into(),
    );
    for answer in answers {
        let comparisons = &answer.judged.comparisons;
        let largest = comparisons.iter().map(|c| c.z.abs()).reduce(f64::max);
        table.push(vec![
            Cell::from(answer.predictions.theory.name()),
            Cell::from(match answer.in_the_limit {
                true => format!("{} → ∞", answer.size),
                false => format!("at each {}", answer.size),
            }),
            Cell::from(comparisons.len()),
            Cell::from(answer.judged.rejected(rules).len()),
            largest.into(),
            answer.judged.worst().map(|c| c.p_holm).into(),
            Cell::from(answer.judged.verdict.name()),
        ])?;
    }
    Ok(table)
}

/// Theories that agree although they say different things.
fn told_apart(answers: &[Answer]) -> String {
    let mut text = String::new();
    let first = &answers[0];
    if first.judged.verdict != Verdict::Agrees {
        return text;
    }
    for other in &answers[1..] {
        let comparable = other.in_the_limit == first.in_the_limit
            && other.predictions.at_each_d == first.predictions.at_each_d;
        if other.judged.verdict != Verdict::Agrees || !comparable {
            continue;
        }
        let pairs = first.judged.comparisons.iter().filter_map(|a| {
            let b = other.judged.comparisons.iter().find(|b| b.place == a.place)?;
            Some((a.predicted - b.predicted).abs() / a.predicted.abs().max(b.predicted.abs()))
        });
        let largest = pairs.filter(|x| x.is_finite()).fold(0.0, f64::max);
        if largest > 1e-6 {
            text += &format!(
                "{} and {} both agree: their predictions differ by up to {} %, which these measurements cannot tell apart; use more seeds or larger {}\n",
                first.name(),
                other.name(),
                significant(100.0 * largest, 2),
                first.size
            );
        }
    }
    text
}

/// One line that says what is compared: a system, with measurements from this source.
pub fn headline(measurements: &Measurements, system: &str, source: &str) -> String {
    let list = |of: fn(&Measurement) -> f64| {
        let mut values: Vec<f64> = measurements.rows.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let words: Vec<String> = values.iter().map(f64::to_string).collect();
        match words.as_slice() {
            [first, .., last] if words.len() > 12 => format!("{} values from {first} to {last}", words.len()),
            _ => words.join(", "),
        }
    };
    let mut runs: Vec<String> =
        measurements.rows.iter().map(|row| format!("{} {} {:?}", row.d, row.seed, row.parameters)).collect();
    runs.sort_unstable();
    runs.dedup();
    format!(
        "{system} against {source}: {} data sets, {} = {}, {} = {}\n",
        runs.len(),
        measurements.size,
        list(|row| row.d),
        measurements.control,
        list(|row| row.control)
    )
}
