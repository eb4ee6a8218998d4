//! What is between the layers: images of some channels, the channels of a pixel side by side, with zeros around them.
//!
//! One column of zeros stands between the rows of an image and one row between images, which serve both neighbours. A 3×3 neighbourhood
//! is then three runs of 3·channels numbers, a row apart, at every pixel alike.

/// Height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Grid {
    /// From a row to the next, in pixels.
    pub fn row(self) -> usize {
        self.width + 1
    }

    /// From an image to the next.
    pub fn page(self) -> usize {
        (self.height + 1) * self.row()
    }

    /// The pixel where the first image begins.
    pub fn start(self) -> usize {
        self.row() + 1
    }

    /// From the first pixel of the first image to the last of the last, with the zeros in between.
    pub fn span(self, count: usize) -> usize {
        count * self.page() - self.row() - 1
    }

    /// All pixels of some images and the zeros around them.
    fn all(self, count: usize) -> usize {
        self.start() + count * self.page()
    }

    /// A grid of half the sides, rounded up.
    pub fn halved(self) -> Grid {
        Grid { height: self.height.div_ceil(2), width: self.width.div_ceil(2) }
    }
}

/// Some images in memory.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// Numbers of a pixel.
    pub channels: usize,
    grid: Option<Grid>,
    count: usize,
    /// The numbers.
    pub of: Vec<f32>,
}

impl Field {
    /// Zeros.
    pub fn new(grid: Grid, channels: usize, count: usize) -> Field {
        Field { channels, grid: Some(grid), count, of: vec![0.0; grid.all(count) * channels] }
    }

    /// One without numbers.
    pub fn clone_shape(&self) -> Field {
        Field { of: Vec::new(), ..*self }
    }

    /// Its height and width.
    pub fn grid(&self) -> Grid {
        self.grid.unwrap_or(Grid { height: 0, width: 0 })
    }

    /// How many images.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where the first pixel of a row of an image begins.
    fn place(&self, image: usize, y: usize) -> usize {
        let grid = self.grid();
        (grid.start() + image * grid.page() + y * grid.row()) * self.channels
    }

    /// A row of an image.
    pub fn row(&self, image: usize, y: usize) -> &[f32] {
        &self.of[self.place(image, y)..][..self.grid().width * self.channels]
    }

    /// The same, to be written.
    pub fn row_mut(&mut self, image: usize, y: usize) -> &mut [f32] {
        let (place, length) = (self.place(image, y), self.grid().width * self.channels);
        &mut self.of[place..][..length]
    }

    /// All rows, as image and place in it.
    pub fn rows(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let height = self.grid().height;
        (0..self.count).flat_map(move |image| (0..height).map(move |y| (image, y)))
    }

    /// Makes zeros of what is between rows and images.
    pub fn clear_between(&mut self) {
        let (grid, channels) = (self.grid(), self.channels);
        self.of[..grid.start() * channels].fill(0.0);
        for image in 0..self.count {
            for y in 0..grid.height {
                let end = self.place(image, y) + grid.width * channels;
                self.of[end..end + channels].fill(0.0);
            }
            let end = self.place(image, grid.height);
            let length = (grid.row() * channels).min(self.of.len() - end);
            self.of[end..end + length].fill(0.0);
        }
    }

    /// Takes over images that stand one after the other without zeros.
    pub fn fill(&mut self, images: &[f32]) {
        let (width, height) = (self.grid().width * self.channels, self.grid().height);
        for (image, y) in self.rows() {
            self.row_mut(image, y).copy_from_slice(&images[(image * height + y) * width..][..width]);
        }
    }

    /// The images one after the other.
    pub fn images(&self) -> Vec<f32> {
        self.rows().flat_map(|(image, y)| self.row(image, y)).copied().collect()
    }
}
