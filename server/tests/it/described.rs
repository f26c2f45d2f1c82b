//! The API is what `/api/v1/openapi.json` says: the description is a valid one, and whatever Schemathesis makes
//! of it, right or wrong, is answered as described.
//!
//! Both come from PyPI, by `.build/setup schemathesis`. The stream is left out, for it has no end; what it sends
//! is tested with the router.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::program::Program;

/// What it makes up is the same each time.
const SEED: &str = "42";
/// Of each operation, in each phase.
const EXAMPLES: &str = "40";

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/described")
}

fn python(module: &str, args: &[&str]) -> Output {
    let packages = files().join("packages");
    assert!(packages.is_dir(), "`.build/setup schemathesis` was not run");
    let folder = tempfile::tempdir().unwrap();
    Command::new("python3")
        .args(["-B", "-m", module])
        .args(args)
        // What it remembers of earlier runs would make this one another.
        .current_dir(folder.path())
        .env("PYTHONPATH", packages)
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap()
}

fn passes(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_described_is_so() {
    let program = Program::serve(&["--source", "demo:rate=500,seed=3", "--batch", "200ms"]);
    crate::program::wait_until("there are results", crate::program::SOON, async || {
        !program.counts().await.is_empty()
    })
    .await;
    let description = program.get("/api/v1/openapi.json").await.text().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, description.unwrap()).unwrap();
    passes(&python("openapi_spec_validator", &[file.to_str().unwrap()]));

    let url = program.url("/api/v1/openapi.json");
    let settings = files().join("schemathesis.toml");
    let settings = ["--config-file", settings.to_str().unwrap()];
    let run = ["run", &url, "--exclude-path", "/api/v1/stream"];
    // One worker: Python 3.11 counts how deep its parser is for all threads together, and at two it may fail with
    // "AST constructor recursion depth mismatch" (python/cpython#106905).
    let how = ["--checks=all", "--workers=1", "--continue-on-failure"];
    let how_much = ["--seed", SEED, "--max-examples", EXAMPLES];
    let args = [&settings[..], &run, &how, &how_much].concat();
    passes(&python("schemathesis.cli", &args));
}
