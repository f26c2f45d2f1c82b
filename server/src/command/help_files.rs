//! `tagtide help-files`: man pages and completions, from the same source as `--help`.

use std::{fs, path::Path};

use anyhow::Context as _;
use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::{self, HelpFiles};

pub(super) fn run(typed: &HelpFiles) -> anyhow::Result<()> {
    let to = &typed.to;
    write(to).with_context(|| format!("{} cannot be written", to.display()))
}

/// `man/tagtide.1` and one for each command; `completions/` for bash, zsh and fish.
fn write(to: &Path) -> anyhow::Result<()> {
    let man = to.join("man");
    fs::create_dir_all(&man)?;
    let mut all = cli::definition();
    // Gives the commands their full names.
    all.build();
    fs::write(man.join("tagtide.1"), page(&all)?)?;
    for command in all.get_subcommands().filter(|each| !each.is_hide_set()) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        fs::write(man.join(format!("{name}.1")), page(command)?)?;
    }
    let completions = to.join("completions");
    fs::create_dir_all(&completions)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut for_people(), "tagtide", &completions)?;
    }
    Ok(())
}

/// All that can be typed but for the hidden, which completions would offer.
fn for_people() -> Command {
    let all = cli::definition();
    let commands = all.get_subcommands().filter(|each| !each.is_hide_set());
    Command::new("tagtide")
        .version(env!("CARGO_PKG_VERSION"))
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .args(all.get_arguments().cloned())
        .subcommands(commands.cloned())
}

fn page(command: &Command) -> anyhow::Result<String> {
    let man = Man::new(command.clone()).source(concat!("tagtide ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render(&mut page)?;
    // What stands behind the options is the table of limits: its lines stay lines.
    let page = String::from_utf8(page)?.replace(".SH EXTRA\n", ".SH LIMITS\n.nf\n");
    Ok(page.chars().map(for_troff).collect())
}

/// In ASCII, which needs no preprocessor and no locale.
fn for_troff(c: char) -> String {
    match c {
        c if c.is_ascii() => c.into(),
        c => format!("\\[u{:04X}]", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_is_told_of_has_its_page_and_every_shell_its_completions() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path()).unwrap();
        for command in ["", "-serve", "-count", "-feed", "-check", "-backup"] {
            let page = fs::read_to_string(directory.path().join(format!("man/tagtide{command}.1")));
            let page = page.unwrap();
            assert!(page.is_ascii() && page.contains(".SH SYNOPSIS"), "{page}");
            assert_eq!(
                page.contains("1 MiB; the rest is cut"),
                command == "-serve" || command.is_empty()
            );
        }
        assert!(!directory.path().join("man/tagtide-help-files.1").exists());
        for name in ["tagtide.bash", "_tagtide", "tagtide.fish"] {
            let path = directory.path().join("completions").join(name);
            let text = fs::read_to_string(path).unwrap();
            assert!(text.contains("max-tags") && !text.contains("help-files"));
        }
    }
}
