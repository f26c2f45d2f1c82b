//! Standard error: the log, a line a fact, and the few lines that are told also where the log is silent.
//!
//! * [`printable`] what strangers sent, made safe to print; [`pace`] how many lines of a kind may come
//!
//! The levels: *error* needs a person, *warn* works and should be looked at, *info* is the life of the
//! program and its sources, *debug* is detail. `TAGTIDE_LOG` chooses among them.
//!
//! **Invariants:** a fact is one line, and no character of it does anything to a terminal but be seen, whoever
//! sent it. That nobody reads the lines any more, as after Ctrl-C in `tagtide 2>&1 | tee log`, stops nothing:
//! posts are still sealed, and the exit status tells the truth. However often others can bring a fact
//! about, it takes little room in the log.

mod pace;
mod printable;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    env, fmt, fs,
    io::{self, IsTerminal, Write},
    os::unix::fs::MetadataExt,
    panic::{self, PanicHookInfo},
    str::FromStr,
    sync::OnceLock,
    thread,
};

use jiff::Timestamp;
use serde_json::json;
use tracing::{Level, Metadata, field::Field};
use tracing_subscriber::{
    EnvFilter,
    field::MakeExt,
    fmt::{MakeWriter, format},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub(crate) use pace::{left_out, lines};
pub(crate) use printable::printable;

/// In the syntax of tracing's filters, such as `warn` or `server::source=debug,info`.
const FILTER: &str = "TAGTIDE_LOG";

/// What lines look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

impl FromStr for Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("it is text or json".to_owned()),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// What was chosen is no choice.
#[derive(Debug, thiserror::Error)]
#[error("TAGTIDE_LOG: {0}; it is a level such as info, or more of tracing's filters")]
pub(crate) struct BadFilter(String);

/// Where lines go.
#[derive(Clone, Copy, Debug)]
struct Place {
    form: Form,
    /// The system's journal notes the time itself, and reads how bad a line is off its beginning.
    is_journal: bool,
}

static PLACE: OnceLock<Place> = OnceLock::new();

/// Once in the life of the program.
pub(crate) fn start(form: Form) -> Result<(), BadFilter> {
    let place = Place {
        form,
        is_journal: is_journal(),
    };
    let place = *PLACE.get_or_init(|| place);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(place)
        .with_target(false)
        .log_internal_errors(false);
    let registry = tracing_subscriber::registry().with(filter()?);
    match form {
        Form::Json => registry
            .with(lines.json().flatten_event(true))
            .with(pace::Pace::default())
            .init(),
        Form::Text => {
            let coloured = io::stderr().is_terminal()
                && env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
            let lines = lines
                .with_ansi(coloured)
                .fmt_fields(format::debug_fn(field).delimited(" "));
            if place.is_journal {
                registry
                    .with(lines.without_time().with_level(false))
                    .with(pace::Pace::default())
                    .init();
            } else {
                registry.with(lines).with(pace::Pace::default()).init();
            }
        }
    }
    panic::set_hook(Box::new(panicked));
    Ok(())
}

/// A fault of ours is a line as well: what it says may be made of what strangers sent.
fn panicked(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("without words");
    let at = panic.location().map(ToString::to_string);
    let thread = thread::current();
    if !tracing::enabled!(Level::ERROR) {
        // Whatever was chosen for the log.
        return fail(format_args!(
            "a fault of tagtide, a thread has panicked: {message}"
        ));
    }
    let backtrace = Backtrace::capture();
    let backtrace = matches!(backtrace.status(), BacktraceStatus::Captured).then_some(backtrace);
    tracing::error!(
        thread = thread.name(),
        at,
        backtrace = backtrace.map(tracing::field::display),
        "a fault of tagtide, a thread has panicked: {message}"
    );
}

/// A field, or the message, of a line of text.
fn field(to: &mut format::Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    let value = format!("{value:?}");
    match field.name() {
        "message" => write!(to, "{}", printable(&value)),
        name => write!(to, "{name}={}", printable(&value)),
    }
}

fn filter() -> Result<EnvFilter, BadFilter> {
    let typed = match env::var(FILTER) {
        Ok(typed) if !typed.is_empty() => typed,
        Err(env::VarError::NotUnicode(_)) => return Err(BadFilter("it is no text".to_owned())),
        _ => "info".to_owned(),
    };
    let filter = EnvFilter::builder().parse(&typed);
    filter.map_err(|error| BadFilter(printable(&error.to_string()).into_owned()))
}

/// Whether standard error is a stream that the system's journal has opened, and says so.
fn is_journal() -> bool {
    let told = env::var("JOURNAL_STREAM").ok();
    let (told, ours) = (told, fs::metadata("/proc/self/fd/2").ok());
    told.zip(ours)
        .is_some_and(|(told, ours)| told == format!("{}:{}", ours.dev(), ours.ino()))
}

/// Tells a line at any level, also where the log has not begun.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    tell(&Level::INFO, line);
}

/// The same of what ends the program.
pub(crate) fn fail(line: fmt::Arguments<'_>) {
    tell(&Level::ERROR, line);
}

fn tell(level: &Level, line: fmt::Arguments<'_>) {
    let place = PLACE.get().copied();
    let place = place.unwrap_or(Place {
        form: Form::Text,
        is_journal: false,
    });
    let text = match place.form {
        Form::Text => format!("{}\n", printable(&line.to_string())),
        Form::Json => {
            let (at, level, message) = (Timestamp::now(), level.as_str(), line.to_string());
            format!(
                "{}\n",
                json!({"timestamp": at.to_string(), "level": level, "message": message})
            )
        }
    };
    let _ = place.line(level).write_all(text.as_bytes());
}

impl Place {
    fn line(self, level: &Level) -> Line {
        Line {
            begin: self.is_journal.then(|| priority(level)),
            form: self.form,
        }
    }
}

/// As of syslog.
fn priority(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
    }
}

impl<'a> MakeWriter<'a> for Place {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        self.line(&Level::INFO)
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Line {
        self.line(event.level())
    }
}

/// Writes what can be written, a line at a time.
#[derive(Debug)]
struct Line {
    begin: Option<&'static str>,
    form: Form,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut line = self.begin.unwrap_or_default().as_bytes().to_vec();
        match self.form {
            Form::Text => line.extend_from_slice(bytes),
            Form::Json => line.extend_from_slice(printable::json(bytes).as_bytes()),
        }
        let _ = io::stderr().write_all(&line);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn what_is_said_by_display_is_made_safe_too() {
        let hostile = "a\x1b[31m\nERROR b\u{2028}\u{202e}";
        let written = Arc::new(Mutex::new(Vec::new()));
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(Mutex::new(Shared(written.clone())))
            .with_ansi(false)
            .fmt_fields(format::debug_fn(field).delimited(" "));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            tracing::warn!(error = %hostile, source = hostile, "it said {hostile}");
        });
        let line = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let safe = "a\\u{1b}[31m\\nERROR b\\u{2028}\\u{202e}";
        assert!(
            line.contains(&format!("it said {safe} error={safe} source=\"")),
            "{line}"
        );
        assert_eq!(line.matches('\n').count(), 1, "{line}");
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
