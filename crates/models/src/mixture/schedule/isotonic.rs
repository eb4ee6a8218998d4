//! Isotonic regression: the rising sequence nearest to noisy values, and level ends for it.

/// Blocks at an end are pooled until their means differ by more than this many standard errors.
const DIFFERENT: f64 = 3.0;

/// The rising sequence f with the least Σ weight (f − value)², by pooling adjacent violators: wherever a value lies below
/// the one before, both are replaced by their mean (Ayer et al. 1955). Values that rise already stay as they are.
pub fn rising(values: &[f64], weights: &[f64]) -> Vec<f64> {
    // Blocks of equal values: mean, weight, length.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in values.iter().zip(weights) {
        let mut block = (*value, *weight, 1);
        while let Some(before) = blocks.pop_if(|before| before.0 > block.0) {
            let weight = before.1 + block.1;
            // A mean by its step stays between both values.
            let mean = before.0 + (block.0 - before.0) * (block.1 / weight);
            block = (mean, weight, before.2 + block.2);
        }
        blocks.push(block);
    }
    blocks.into_iter().flat_map(|(mean, _, length)| std::iter::repeat_n(mean, length)).collect()
}

/// A fit of [`rising`] with its ends made level: the first block is pooled with the next until they differ by more than
/// the noise, and so is the last. A rising sequence follows noise at its ends, where nothing lies beyond it that could
/// pull it back, and would start too low and end too high. The noise is that of the residuals; without any, the fit is
/// left as it is.
pub fn with_level_ends(values: &[f64], weights: &[f64], fit: Vec<f64>) -> Vec<f64> {
    let mut blocks: std::collections::VecDeque<(f64, f64, usize)> = Default::default();
    for (mean, weight) in fit.iter().zip(weights) {
        match blocks.back_mut() {
            Some(block) if block.0 == *mean => *block = (*mean, block.1 + weight, block.2 + 1),
            _ => blocks.push_back((*mean, *weight, 1)),
        }
    }
    let freedom = fit.len() - blocks.len();
    let squares: f64 =
        values.iter().zip(weights).zip(&fit).map(|((value, w), fit)| w * (value - fit) * (value - fit)).sum();
    if freedom == 0 || squares == 0.0 {
        return fit;
    }
    let variance = squares / freedom as f64;
    let alike = |a: (f64, f64, usize), b: (f64, f64, usize)| {
        (a.0 - b.0).abs() <= DIFFERENT * (variance * (1.0 / a.1 + 1.0 / b.1)).sqrt()
    };
    let pooled = |a: (f64, f64, usize), b: (f64, f64, usize)| {
        (a.0 + (b.0 - a.0) * (b.1 / (a.1 + b.1)), a.1 + b.1, a.2 + b.2)
    };
    while blocks.len() > 1 && alike(blocks[0], blocks[1]) {
        if let (Some(first), Some(second)) = (blocks.pop_front(), blocks.pop_front()) {
            blocks.push_front(pooled(first, second));
        }
    }
    while blocks.len() > 1 && alike(blocks[blocks.len() - 2], blocks[blocks.len() - 1]) {
        if let (Some(last), Some(before)) = (blocks.pop_back(), blocks.pop_back()) {
            blocks.push_back(pooled(before, last));
        }
    }
    blocks.into_iter().flat_map(|(mean, _, length)| std::iter::repeat_n(mean, length)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_rise_stay_as_they_are() {
        let values = [0.1, 0.1, 0.30000000000000004, 7.0];
        assert_eq!(rising(&values, &[1.0; 4]), values);
        assert!(rising(&[], &[]).is_empty());
    }

    #[test]
    fn violators_are_pooled_with_their_weights() {
        assert_eq!(rising(&[1.0, 3.0, 2.0, 4.0], &[1.0; 4]), [1.0, 2.5, 2.5, 4.0]);
        assert_eq!(rising(&[1.0, 4.0, 2.0], &[1.0, 1.0, 3.0]), [1.0, 2.5, 2.5]);
        assert_eq!(rising(&[3.0, 2.0, 1.0], &[1.0; 3]), [2.0; 3]);
    }

    /// The fit is characterised by its residuals (Barlow et al. 1972): they sum to zero over every block, and from the
    /// start of a block to any place within it the sum is not negative.
    #[test]
    fn no_rising_sequence_is_nearer() {
        let values: Vec<f64> = (0..200).map(|i| f64::from(i) / 50.0 + f64::from(i * i % 37) / 9.0).collect();
        let weights: Vec<f64> = (0..200).map(|i| 1.0 + f64::from(i % 5)).collect();
        let fit = rising(&values, &weights);
        let mut sum = 0.0;
        for i in 0..fit.len() {
            sum += weights[i] * (values[i] - fit[i]);
            assert!(sum > -1e-9, "{i}");
            if i + 1 == fit.len() || fit[i + 1] > fit[i] {
                assert!(sum.abs() < 1e-9, "{i}: {sum}");
                sum = 0.0;
            }
        }
        assert!(fit.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn ends_are_level_where_they_only_follow_noise() {
        // A step from 0 to 1 with noise of a known size: the ends of the fit are the means of the plateaus.
        let noise = |i: u32| match i {
            0 => -0.05,
            99 => 0.05,
            _ => 0.05 * (f64::from(i) * 2.4).sin(),
        };
        let values: Vec<f64> = (0..100).map(|i| f64::from(u8::from(i >= 50)) + noise(i)).collect();
        let weights = [1.0; 100];
        let fit = rising(&values, &weights);
        assert!(fit[0] < -0.03 && fit[99] > 1.03);
        let level = with_level_ends(&values, &weights, fit);
        let mean = |range: std::ops::Range<usize>| values[range].iter().sum::<f64>() / 50.0;
        assert!((level[0] - mean(0..50)).abs() < 1e-12 && (level[99] - mean(50..100)).abs() < 1e-12);
        assert_eq!((level[0], level[99]), (level[49], level[50]));
        // Noise alone has no direction, and what rises without noise keeps its ends.
        let noise: Vec<f64> = (0..100).map(noise).collect();
        let level = with_level_ends(&noise, &weights, rising(&noise, &weights));
        assert_eq!(level[0], level[99]);
        let ramp: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(with_level_ends(&ramp, &weights, ramp.clone()), ramp);
    }
}
