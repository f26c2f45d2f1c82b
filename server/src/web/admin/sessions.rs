//! Who is signed in: whoever has the cookie of a session.
//!
//! **Invariant:** a session ends with its time and with the process; neither the token nor a cookie is
//! compared otherwise than by digests, so that the time it takes tells nothing.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

pub(super) const COOKIE: &str = "tagtide-admin";

/// How long a session lasts.
pub(super) const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// With more, the oldest ends.
const MOST: usize = 16;

/// Attempts of everybody together.
const ATTEMPTS: usize = 5;
const WITHIN: Duration = Duration::from_secs(60);

/// A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    token: Secret,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    sessions: VecDeque<Session>,
    attempts: VecDeque<Instant>,
}

#[derive(Clone)]
pub(super) struct Session {
    /// The digest of what its cookie holds.
    cookie: Hash,
    /// What its forms hold.
    form: String,
    begun: Instant,
}

type Hash = sha2::digest::Output<Sha256>;

/// Why there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotIn {
    Wrong,
    /// It is worth trying again after so long.
    TooOften(Duration),
    NoRandom,
}

impl Sessions {
    pub(super) fn new(token: Secret) -> Self {
        Self {
            token,
            open: Arc::default(),
        }
    }

    /// Begins one and gives what its cookie holds.
    pub(super) fn begin(&self, said: &[u8]) -> Result<String, NotIn> {
        self.begin_at(said, Instant::now())
    }

    fn begin_at(&self, said: &[u8], now: Instant) -> Result<String, NotIn> {
        let mut open = self.open();
        let is_over = |at: &Instant| now.duration_since(*at) >= WITHIN;
        while open.attempts.front().is_some_and(is_over) {
            open.attempts.pop_front();
        }
        if open.attempts.len() >= ATTEMPTS {
            let oldest = open.attempts.front().map(|at| now.duration_since(*at));
            return Err(NotIn::TooOften(
                WITHIN.saturating_sub(oldest.unwrap_or_default()),
            ));
        }
        open.attempts.push_back(now);
        if !self.token.is(said) {
            return Err(NotIn::Wrong);
        }
        let (cookie, form) = (random()?, random()?);
        if open.sessions.len() == MOST {
            open.sessions.pop_front();
        }
        open.sessions.push_back(Session {
            cookie: Sha256::digest(&cookie),
            form,
            begun: now,
        });
        Ok(cookie)
    }

    /// The one whose cookie is sent.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<Session> {
        self.of_at(headers, Instant::now())
    }

    fn of_at(&self, headers: &HeaderMap, now: Instant) -> Option<Session> {
        let cookie = sent(headers)?;
        let mut open = self.open();
        let lasts = |session: &Session| now.duration_since(session.begun) < LIFE;
        open.sessions.retain(lasts);
        let mut all = open.sessions.iter();
        all.find(|session| session.cookie == cookie).cloned()
    }

    /// Ends the one whose cookie is sent.
    pub(super) fn end(&self, headers: &HeaderMap) {
        if let Some(cookie) = sent(headers) {
            let mut open = self.open();
            open.sessions.retain(|session| session.cookie != cookie);
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// What its forms must hold.
    pub(super) fn form(&self) -> &str {
        &self.form
    }

    pub(super) fn has_form(&self, said: &str) -> bool {
        Sha256::digest(said) == Sha256::digest(&self.form)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Session")
    }
}

/// The digest of the cookie that is sent.
fn sent(headers: &HeaderMap) -> Option<Hash> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut all = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let value = all.find_map(|each| each.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    Some(Sha256::digest(value))
}

/// 256 bits as hexadecimal digits.
fn random() -> Result<String, NotIn> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| NotIn::NoRandom)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        Sessions::new(Secret::new("s3cret").unwrap())
    }

    fn with(cookie: &str) -> HeaderMap {
        let line = format!("a=b; {COOKIE}={cookie}; c=d");
        HeaderMap::from_iter([(header::COOKIE, line.parse().unwrap())])
    }

    #[test]
    fn a_session_is_begun_with_the_token_and_ends() {
        let (sessions, now) = (sessions(), Instant::now());
        assert_eq!(sessions.begin_at(b"s3cre", now), Err(NotIn::Wrong));
        let first = sessions.begin_at(b"s3cret", now).unwrap();
        let second = sessions.begin_at(b"s3cret", now).unwrap();
        let session = sessions.of_at(&with(&first), now).unwrap();
        assert!(session.has_form(session.form()));
        let other = sessions.of_at(&with(&second), now).unwrap();
        assert!(!session.has_form(other.form()));
        assert!(sessions.of_at(&with(""), now).is_none());
        assert!(sessions.of_at(&HeaderMap::new(), now).is_none());
        sessions.end(&with(&first));
        assert!(sessions.of_at(&with(&first), now).is_none());
        assert!(sessions.of_at(&with(&second), now).is_some());
        assert!(sessions.of_at(&with(&second), now + LIFE).is_none());
    }

    #[test]
    fn attempts_and_sessions_are_few() {
        let (sessions, now) = (sessions(), Instant::now());
        for _ in 0..ATTEMPTS {
            assert_eq!(sessions.begin_at(b"", now), Err(NotIn::Wrong));
        }
        let soon = now + Duration::from_secs(20);
        let wait = NotIn::TooOften(Duration::from_secs(40));
        assert_eq!(sessions.begin_at(b"s3cret", soon), Err(wait));
        let first = sessions.begin_at(b"s3cret", now + WITHIN).unwrap();
        for minutes in 2..=MOST as u32 + 1 {
            sessions
                .begin_at(b"s3cret", now + WITHIN * minutes)
                .unwrap();
        }
        assert_eq!(sessions.open().sessions.len(), MOST);
        assert!(sessions.of_at(&with(&first), now + WITHIN).is_none());
    }
}
