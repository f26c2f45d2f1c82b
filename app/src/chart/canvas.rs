//! Pictures on a canvas in the browser.
//!
//! * `easel` keeps a canvas as sharp as the screen and says when to draw
//! * `bars` the board on it, on its way from one picture to the next
//! * `course` mentions over time on it
//! * `screen` draws, and sets a font once
//! * `widths` what is known of the widths of texts
//! * `listen` calls back when something happens, for as long as it is kept
//!
//! What must stay true: the backing store has the size of the canvas on the screen in device
//! pixels, so letters are as sharp as the page's; whatever changes that size, the sharpness of the
//! screen or the colours is followed by a new picture; at most one frame is asked for, and none
//! where nothing moves.

mod bars;
mod course;
mod easel;
mod listen;
mod screen;
mod widths;

pub use bars::{Band, Bars};
pub use course::Course;
pub use listen::Listener;
