//! The two formats: OpenMetrics, and Prometheus's own, which is older and understood by all.
//!
//! What differs is little: in the older one a counter's name ends in `_total` also where it is
//! described, and there are neither units nor a last line.

/// Of whoever does not ask for OpenMetrics.
pub(super) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
pub(super) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// OpenMetrics in Prometheus's own format.
pub(super) fn text(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    // A description comes before the type.
    let mut help = None;
    for line in open_metrics.lines() {
        let mut words = line.splitn(4, ' ');
        let words = [words.next(), words.next(), words.next(), words.next()];
        match words {
            [Some("#"), Some("EOF" | "UNIT"), ..] => {}
            [Some("#"), Some("HELP"), Some(name), said] => {
                help = Some((name, said.unwrap_or_default()));
            }
            [Some("#"), Some("TYPE"), Some(name), Some(kind)] => {
                let ending = if kind == "counter" { "_total" } else { "" };
                if let Some((_, said)) = help.take_if(|(described, _)| *described == name) {
                    text.push_str(&format!("# HELP {name}{ending} {said}\n"));
                }
                text.push_str(&format!("# TYPE {name}{ending} {kind}\n"));
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_bear_their_ending_where_they_are_described_and_there_is_no_last_line() {
        let open_metrics = "\
# HELP a_seconds Time of a.
# TYPE a_seconds counter
# UNIT a_seconds seconds
a_seconds_total{of=\"x y\"} 1
# HELP b Some b.
# TYPE b gauge
b 2
# EOF
";
        let expected = "\
# HELP a_seconds_total Time of a.
# TYPE a_seconds_total counter
a_seconds_total{of=\"x y\"} 1
# HELP b Some b.
# TYPE b gauge
b 2
";
        assert_eq!(text(open_metrics), expected);
    }
}
