//! A small line of the last minutes, beside a number.

use leptos::prelude::*;

const HEIGHT: u64 = 20;
/// From one step to the next.
const STEP: usize = 3;
/// The line keeps away from the edges by half its width.
const EDGE: u64 = 1;

/// Nothing where there are no two steps to connect.
pub fn spark(recent: &[u64]) -> impl IntoView + use<> {
    let line = line(recent);
    let frame = format!("0 0 {} {HEIGHT}", (recent.len().max(2) - 1) * STEP);
    line.map(|line| {
        view! {
            <svg class="spark" viewBox=frame preserveAspectRatio="none" aria-hidden="true">
                <path d=line />
            </svg>
        }
    })
}

/// From the oldest to the newest, as high as there is room for the highest.
fn line(recent: &[u64]) -> Option<String> {
    let most = u128::from(recent.iter().copied().max()?.max(1));
    let room = u128::from(HEIGHT - 2 * EDGE);
    let mut line = String::new();
    for (number, &count) in recent.iter().enumerate() {
        let up = (u128::from(count) * room / most) as u64;
        line.push(if number == 0 { 'M' } else { 'L' });
        line.push_str(&(number * STEP).to_string());
        line.push(' ');
        line.push_str(&(HEIGHT - EDGE - up).to_string());
    }
    (recent.len() > 1).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_step_is_at_the_top_and_none_at_the_bottom() {
        assert_eq!(line(&[0, 10, 5]).as_deref(), Some("M0 19L3 1L6 10"));
        assert_eq!(line(&[0, 0]).as_deref(), Some("M0 19L3 19"));
        assert_eq!(line(&[u64::MAX, 0]).as_deref(), Some("M0 1L3 19"));
    }

    #[test]
    fn one_step_is_no_line() {
        assert_eq!(line(&[]), None);
        assert_eq!(line(&[7]), None);
    }
}
