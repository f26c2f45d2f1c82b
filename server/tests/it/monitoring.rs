//! What operators watch: `/metrics`, and the alerts, the dashboard and the page of `server/monitoring`,
//! which tell of the same metrics. promtool says what of it Prometheus would not take.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::program::{Program, SOON, wait_until};

/// Told only by processes of a cluster; its tests see them.
pub(crate) const OF_CLUSTERS: [&str; 5] = [
    "tagtide_cluster_generation",
    "tagtide_cluster_process_connected",
    "tagtide_cluster_process_silent_seconds",
    "tagtide_cluster_sent_bytes_total",
    "tagtide_cluster_process_epoch",
];

/// Told only where posts cost something; the tests of `web` see them.
const OF_PAID_SOURCES: [&str; 2] = [
    "tagtide_source_spent_dollars_total",
    "tagtide_source_budget_dollars",
];

fn monitoring(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("monitoring")
        .join(file)
}

/// What promtool says to this input; an error is all that it printed.
#[expect(clippy::print_stderr, reason = "a test that was left out is told of")]
pub(crate) fn promtool(args: &[&str], input: &str) {
    let started = Command::new("promtool")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        eprintln!("left out: promtool {args:?}, as there is none (.build/setup promtool)");
        return;
    };
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "promtool {args:?}: {said}");
    let complains = args == ["check", "metrics"] && !said.trim().is_empty();
    assert!(!complains, "promtool {args:?}: {said}");
}

/// A program of which everything is known that can be known of one without paid sources.
async fn watched() -> (Program, String) {
    let program = Program::serve(&[
        "--batch",
        "200ms",
        "--source",
        "demo:rate=1000",
        "--source",
        "listen:127.0.0.1:0",
    ]);
    wait_until("results and a checkpoint", SOON, async || {
        let text = program.get("/metrics").await.text().await.unwrap();
        text.contains("\ntagtide_results_current 1\n") && !text.contains("\ntagtide_seals_total 0")
    })
    .await;
    for path in [
        "/",
        "/api/v1/top",
        "/api/v1/top.svg",
        "/tag/a",
        "/nowhere",
        "/metrics",
    ] {
        program.get(path).await;
    }
    let text = program.get("/metrics").await.text().await.unwrap();
    (program, text)
}

/// Of what the program tells.
fn told(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = types.filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

/// Of a text that speaks of metrics.
fn named(text: &str) -> BTreeSet<String> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let words = text.split(|char| !is_name(char));
    let ours = |word: &&str| {
        let rest = ["tagtide_", "process_"]
            .iter()
            .find_map(|begin| word.strip_prefix(begin));
        // Not the name of a package, with its version.
        rest.is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_lowercase()))
    };
    let whole = |word: &str| {
        let histogram = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|ending| word.strip_suffix(ending))
            .filter(|name| name.ends_with("_seconds"));
        histogram.unwrap_or(word).to_owned()
    };
    words.filter(ours).map(whole).collect()
}

fn expressions(dashboard: &Value, found: &mut Vec<String>) {
    match dashboard {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "expr" => found.push(text.clone()),
                    value => expressions(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

fn dashboard() -> (Value, Vec<String>) {
    let text = fs::read_to_string(monitoring("dashboard.json")).unwrap();
    let dashboard = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert!(!found.is_empty());
    (dashboard, found)
}

#[tokio::test]
async fn prometheus_has_nothing_to_say_against_the_metrics() {
    let (_program, text) = watched().await;
    promtool(&["check", "metrics"], &text);
    assert!(!text.contains("NaN"), "{text}");
}

#[tokio::test]
async fn every_metric_is_explained_and_shown_and_none_that_there_is_not() {
    let (_program, text) = watched().await;
    let mut told = told(&text);
    told.extend(OF_PAID_SOURCES.map(str::to_owned));
    told.extend(OF_CLUSTERS.map(str::to_owned));
    let page = fs::read_to_string(monitoring("README.md")).unwrap();
    assert_eq!(named(&page.replace("process_*", "")), told, "the page");
    let (_, shown) = dashboard();
    let mut shown = named(&shown.join("\n"));
    // Of two that say the same in other words the dashboard needs one.
    shown.insert("tagtide_build_info".to_owned());
    assert_eq!(shown, told, "the dashboard");
    let alerts = fs::read_to_string(monitoring("alerts.yml")).unwrap();
    let unknown: Vec<_> = named(&alerts).difference(&told).cloned().collect();
    assert!(unknown.is_empty(), "the alerts name {unknown:?}");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = named(&fs::read_to_string(readme).unwrap());
    let unknown: Vec<_> = readme.difference(&told).collect();
    assert!(unknown.is_empty(), "the README names {unknown:?}");
}

#[test]
fn alerts_are_rules_and_each_is_tried() {
    let file = |name| monitoring(name).to_str().unwrap().to_owned();
    promtool(&["check", "rules", &file("alerts.yml")], "");
    promtool(&["test", "rules", &file("alerts.test.yml")], "");
    let alerts = fs::read_to_string(monitoring("alerts.yml")).unwrap();
    let tried = fs::read_to_string(monitoring("alerts.test.yml")).unwrap();
    let alerts = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let alerts: Vec<_> = alerts.collect();
    assert!(!alerts.is_empty());
    for alert in alerts {
        // Once while it is silent and once when it is told.
        let tries = tried.matches(&format!("alertname: {alert}\n")).count();
        assert!(tries >= 2, "{alert} is tried {tries} times");
    }
}

#[test]
fn every_expression_of_the_dashboard_is_one() {
    let (dashboard, expressions) = dashboard();
    let rules: Vec<_> = expressions
        .iter()
        .enumerate()
        .map(|(place, expression)| {
            let expression = expression
                .replace("$__rate_interval", "5m")
                .replace("$job", ".+")
                .replace("$instance", ".+");
            assert!(!expression.contains('$'), "{expression}");
            // JSON is YAML.
            serde_json::json!({"record": format!("shown:number_{place}"), "expr": expression})
        })
        .collect();
    let groups = serde_json::json!({"groups": [{"name": "dashboard", "rules": rules}]});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    fs::write(&file, groups.to_string()).unwrap();
    promtool(&["check", "rules", file.to_str().unwrap()], "");

    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "each has a number of its own");
}
