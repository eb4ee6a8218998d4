//! One page of a folder of results: what was found there, to read and to send, in a single HTML file.
//!
//! It begins where [`output`](overlaps::output) ends, with the files that commands have left:
//!
//! - [`folder`] finds the results of a folder, files of the same stem; [`error`] is what can be wrong with it,
//! - [`side`] reads a side file, [`numbers`] a CSV, [`drawing`] a figure, [`text`] a Markdown file; [`verdict`] knows the
//!   words of verdicts, [`attachment`] puts a file into the page itself,
//! - [`entry`] makes one result of them, with what could not be read said in words,
//! - [`page`] writes the HTML.
//!
//! [`atlas`] is a page of its own: every theory beside a simulation of it.
//!
//! Nothing is taken from the network, neither when a page is made nor when it is read, and the same folder gives the
//! same bytes. Files are only read; any of them may be broken, and the page then says so in its place.

pub mod atlas;
pub mod attachment;
pub mod drawing;
pub mod entry;
pub mod error;
pub mod folder;
pub mod numbers;
pub mod page;
pub mod side;
pub mod text;
pub mod verdict;

pub use atlas::Atlas;
pub use entry::Entry;
pub use page::Page;
