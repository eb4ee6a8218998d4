//! The colours of a heat map: viridis, in which equal differences of the value look equally large, in grey too and with
//! any kind of colour vision.

use super::canvas::Colour;

/// How many colours a map has: neighbours cannot be told apart, and cells of equal colour merge in the file.
pub const LEVELS: usize = 128;

/// Every eighth colour of viridis (S. van der Walt and N. Smith, 2015; CC0), and the last; those between lie within a
/// unit of their straight line.
const VIRIDIS: [u32; 33] = [
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453781, 0x424086, 0x3e4989, 0x3b528b, 0x375b8d,
    0x33638d, 0x2f6b8e, 0x2c728e, 0x297a8e, 0x26828e, 0x23898e, 0x21918c, 0x1f988b, 0x1fa088, 0x22a884,
    0x28ae80, 0x32b67a, 0x3fbc73, 0x4ec36b, 0x5ec962, 0x70cf57, 0x84d44b, 0x98d83e, 0xaddc30, 0xc2df23,
    0xd8e219, 0xece51b, 0xfde725,
];

/// The level of a share of the range, 0 to 1.
pub fn level(share: f64) -> usize {
    ((share * LEVELS as f64) as usize).min(LEVELS - 1)
}

/// The colour of a level.
pub fn colour(level: usize) -> Colour {
    let last = VIRIDIS.len() - 1;
    let place = level.min(LEVELS - 1) as f64 / (LEVELS - 1) as f64 * last as f64;
    let below = (place as usize).min(last - 1);
    let between = place - below as f64;
    let part = |shift: u32| {
        let [from, to] = [below, below + 1].map(|index| f64::from(VIRIDIS[index] >> shift & 0xff));
        (from + between * (to - from)).round() as u8
    };
    Colour(part(16), part(8), part(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_grow_lighter_throughout() {
        let lightness = |level: usize| {
            let Colour(red, green, blue) = colour(level);
            0.2126 * f64::from(red) + 0.7152 * f64::from(green) + 0.0722 * f64::from(blue)
        };
        for level in 1..LEVELS {
            assert!(lightness(level) > lightness(level - 1), "level {level}");
        }
        assert_eq!((colour(0), colour(LEVELS - 1)), (Colour(0x44, 1, 0x54), Colour(0xfd, 0xe7, 0x25)));
    }

    #[test]
    fn the_whole_range_is_used() {
        assert_eq!([0.0, 0.5, 1.0].map(level), [0, LEVELS / 2, LEVELS - 1]);
    }
}
