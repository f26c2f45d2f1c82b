//! A tag's mentions over time: a picture that is looked at with a mouse, a finger or the keys, and
//! the same as a table, which is all there is without scripts.

#[cfg(feature = "hydrate")]
pub(super) mod hand;

use leptos::prelude::*;
use model::{Step, TagDetail, Window};

#[cfg(any(feature = "hydrate", test))]
use crate::chart::times::Series;
use crate::chart::when;
use crate::words;

/// Lines of the table: more than that is the picture's work.
const TIMES: usize = 12;

pub(super) type Canvas = NodeRef<leptos::html::Canvas>;

/// The canvas comes when the page is alive, which is when it knows the reader's zone.
pub(super) fn times(
    detail: &TagDetail,
    zone: Option<i32>,
    canvas: Canvas,
) -> impl IntoView + use<> {
    let picture = || {
        view! {
            <canvas
                dir="ltr"
                node_ref=canvas
                tabindex="0"
                role="application"
                aria-roledescription="chart"
                aria-label="Mentions over time"
                aria-describedby="course-keys"
            ></canvas>
        }
    };
    let lines = lines(&detail.series, &|at| time(zone, at, detail.window));
    let class = if zone.is_some() { "behind" } else { "" };
    view! {
        <section class="times">
            <h2>"Over time"</h2>
            <div class="course">{zone.map(|_| picture())}</div>
            <output aria-live="off"></output>
            <p class="spoken alive" id="course-keys">
                "The arrow keys, Home and End go from step to step."
            </p>
            <details class=class open=zone.is_none()>
                <summary>"As a table"</summary>
                <table>
                    <thead class="spoken">
                        <tr>
                            <th scope="col">"From"</th>
                            <td></td>
                            <th scope="col">"Mentions"</th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </details>
        </section>
    }
}

/// When a step begins, with its day where there are several.
fn time(zone: Option<i32>, at: &str, window: Window) -> String {
    let time = words::time_in(zone, at);
    match (window, zone) {
        (Window::OneDay | Window::All, None) => words::date_and_time(at),
        (Window::OneDay | Window::All, Some(zone)) => match when::seconds(at) {
            Some(seconds) => format!("{} {time}", when::date(seconds + i64::from(zone) * 60)),
            None => time,
        },
        _ => time,
    }
}

/// What is said of the step that is chosen, or of the one with the most.
#[cfg(any(feature = "hydrate", test))]
fn told(series: &Series, chosen: Option<&str>, time: &dyn Fn(&str) -> String) -> String {
    let whole = series.whole();
    let steps = series.steps.iter().enumerate();
    let found = match chosen {
        Some(chosen) => steps.clone().find(|(_, step)| step.at == chosen),
        None => None,
    };
    if let Some((number, step)) = found {
        let mentions = words::counted(step.count, "mention", "mentions");
        let part = if whole.contains(&number) {
            ""
        } else if number < whole.start {
            ", from a part of the time"
        } else {
            " so far"
        };
        return format!("From {}: {mentions}{part}", time(&step.at));
    }
    // The oldest of those with the most.
    match steps.rev().max_by_key(|(_, step)| step.count) {
        Some((_, step)) if step.count > 0 => {
            let mentions = words::counted(step.count, "mention", "mentions");
            format!("At most {mentions}, from {}", time(&step.at))
        }
        _ => "No mentions yet".to_owned(),
    }
}

/// Mentions over time, newest first.
fn lines(steps: &[Step], time: &dyn Fn(&str) -> String) -> impl IntoView + use<> {
    let steps = joined(steps);
    let most = steps.iter().map(|step| step.count).max();
    let most = most.unwrap_or(0).max(1);
    let line = |step: Step| {
        let at = time(&step.at);
        view! {
            <tr>
                <th scope="row">
                    <time datetime=step.at>{at}</time>
                </th>
                <td class="bar" aria-hidden="true">
                    <meter max=most.to_string() value=step.count.to_string()></meter>
                </td>
                <td class="number">{words::grouped(step.count)}</td>
            </tr>
        }
    };
    steps.into_iter().rev().map(line).collect_view()
}

/// At most [`TIMES`] steps of the same sum. The newest is a whole one.
fn joined(series: &[Step]) -> Vec<Step> {
    let width = series.len().div_ceil(TIMES).max(1);
    let groups = series.rchunks(width).rev();
    let step = |group: &[Step]| {
        Some(Step {
            at: group.first()?.at.clone(),
            count: group.iter().map(|step| step.count).sum(),
        })
    };
    groups.filter_map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(second: usize, count: u64) -> Step {
        Step {
            at: format!("2026-11-22T18:30:{second:02}Z"),
            count,
        }
    }

    #[test]
    fn many_steps_become_few_of_the_same_sum() {
        assert_eq!(joined(&[]), []);
        assert_eq!(joined(&[step(0, 1), step(2, 3)]), [step(0, 1), step(2, 3)]);
        let series: Vec<_> = (0..25).map(|second| step(second, 2)).collect();
        let joined = joined(&series);
        assert_eq!(joined.len(), 9);
        assert_eq!(joined.iter().map(|step| step.count).sum::<u64>(), 50);
        assert_eq!(joined[0], step(0, 2), "the oldest is the one cut short");
        assert_eq!(joined[8], step(22, 6));
    }

    #[test]
    fn a_step_is_told_with_how_far_it_is_counted() {
        let series = Series {
            steps: vec![step(4, 1), step(10, 5), step(20, 5), step(30, 2)],
            at: "2026-11-22T18:30:35Z".to_owned(),
            zone: 60,
        };
        let told = |second| {
            let chosen = step(second, 0).at;
            told(&series, Some(&chosen), &|at| words::time_in(Some(60), at))
        };
        assert_eq!(told(4), "From 19:30:04: 1 mention, from a part of the time");
        assert_eq!(told(10), "From 19:30:10: 5 mentions");
        assert_eq!(told(30), "From 19:30:30: 2 mentions so far");
        assert_eq!(told(40), "At most 5 mentions, from 19:30:10", "gone");
        assert_eq!(
            super::told(&Series::default(), None, &str::to_owned),
            "No mentions yet"
        );
    }

    #[test]
    fn a_time_of_several_days_has_its_day() {
        let at = "2026-11-22T23:30:00Z";
        assert_eq!(time(Some(60), at, Window::OneHour), "00:30:00");
        assert_eq!(time(Some(60), at, Window::OneDay), "23 Nov 00:30:00");
        assert_eq!(time(None, at, Window::All), "2026-11-22 23:30:00 UTC");
        assert_eq!(time(Some(0), "?", Window::All), "?");
    }
}
