//! Gives what libFuzzer comes upon to one of the checks of `server::fuzzing`: that which is named by
//! `CHECK`. `make fuzz` runs them all.

#![no_main]

use std::{env, process, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use server::fuzzing::{Check, check, names};

static CHECK: OnceLock<Check> = OnceLock::new();

fn named() -> Check {
    let name = env::var("CHECK").unwrap_or_default();
    check(&name).unwrap_or_else(|| {
        let names: Vec<_> = names().collect();
        eprintln!("CHECK is {name:?}; it is one of: {}", names.join(" "));
        process::exit(2)
    })
}

fuzz_target!(
    init: {
        CHECK.get_or_init(named);
    },
    |bytes: &[u8]| CHECK.get_or_init(named)(bytes)
);
