//! A small line of the last minutes.

use leptos::{attr::AttributeValue, prelude::*};

const HEIGHT: u64 = 20;
/// From one step to the next.
const STEP: usize = 3;
/// The line keeps away from the edges by half its width.
const EDGE: u64 = 1;

/// As many steps as are kept.
const STEPS: usize = 30;

/// The picture of a line.
pub fn spark(line: impl AttributeValue) -> impl IntoView {
    let frame = format!("0 0 {} {HEIGHT}", (STEPS - 1) * STEP);
    view! {
        <svg class="spark" viewBox=frame preserveAspectRatio="none" aria-hidden="true">
            <path d=line />
        </svg>
    }
}

/// From the oldest to the newest at the right, as high as there is room for the highest. Nothing where there
/// are no two steps to connect.
pub fn line(recent: &[u64]) -> String {
    let mut line = String::new();
    let most = recent.iter().copied().max().unwrap_or(0).max(1);
    if recent.len() < 2 {
        return line;
    }
    let room = (HEIGHT - 2 * EDGE) as f64;
    let first = STEPS.saturating_sub(recent.len());
    for (number, &count) in recent.iter().enumerate() {
        let up = (count as f64 / most as f64 * room) as u64;
        line.push(if number == 0 { 'M' } else { 'L' });
        line.push_str(&((first + number) * STEP).to_string());
        line.push(' ');
        line.push_str(&(HEIGHT - EDGE - up).to_string());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_step_is_at_the_top_and_none_at_the_bottom() {
        assert_eq!(line(&[0, 10, 5]), "M81 19L84 1L87 10");
        assert_eq!(line(&[0, 0]), "M84 19L87 19");
        assert_eq!(line(&[u64::MAX, 0]), "M84 1L87 19");
        let whole = line(&[1; STEPS]);
        assert!(whole.starts_with("M0 1L3 1L") && whole.ends_with("L87 1"));
    }

    #[test]
    fn one_step_is_no_line() {
        assert_eq!(line(&[]), "");
        assert_eq!(line(&[7]), "");
    }
}
