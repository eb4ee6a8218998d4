//! A page on which a theory is played with: the page itself, and what it is told. The command serves it on its machine; in a static
//! page the same code answers inside of the browser.
//!
//! What a page asks for is a `state`, computed by the experiment behind `overlaps solve`; `answer` says it in JSON, `slider` where
//! sliders begin and end.
#![deny(missing_docs)]

mod answer;
mod page;
mod slider;
mod state;

pub use answer::{Answer, Asked, Ended, Explore, Refused, read};
pub use page::page;
