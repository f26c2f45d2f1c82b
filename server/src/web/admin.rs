//! The page for operators: what they block and merge, what waits to be approved, and what they did last. It is there when there is a token for it.
//!
//! * [`routes`] its addresses; [`page`] what it looks like; [`sessions`] who is signed in
//!
//! **Invariant:** nothing is told to, and nothing is done for, whoever has not signed in with the token;
//! nothing is done that another site made a browser ask for. Forms work without scripts, and none runs.

mod page;
mod sessions;

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{FromRequestParts, Query, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, ORIGIN, REFERRER_POLICY, RETRY_AFTER,
            SET_COOKIE,
        },
        request::Parts,
    },
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use self::sessions::{COOKIE, Session, Sessions};
use super::{
    Web,
    origin::{is_from_another_site, origin},
};
use crate::{
    moderation::{Operators, Refused},
    secret::Secret,
};

const PATH: &str = "/admin";

/// Without scripts, pictures or frames; it is shown in none.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    operators: Operators,
    sessions: Sessions,
}

impl Admin {
    pub(crate) fn new(token: Secret, operators: Operators) -> Self {
        Self {
            operators,
            sessions: Sessions::new(token),
        }
    }
}

/// None where there is no such page.
pub(super) fn routes(admin: Option<&Admin>) -> Router<Arc<Web>> {
    let Some(admin) = admin else {
        return Router::new();
    };
    Router::new()
        .route(PATH, get(show))
        .route("/admin/sign-in", post(sign_in))
        .route("/admin/sign-out", post(sign_out))
        .route("/admin/block", post(block))
        .route("/admin/unblock", post(unblock))
        .route("/admin/approve", post(approve))
        .route("/admin/merge", post(merge))
        .route("/admin/separate", post(separate))
        .route("/admin/review", post(review))
        .route("/admin/end-review", post(end_review))
        .layer(axum::Extension(admin.clone()))
}

type Known = axum::Extension<Admin>;

#[derive(Debug, Default, Deserialize)]
struct Said {
    /// What was done by the form that led here.
    done: Option<String>,
}

async fn show(
    State(web): State<Arc<Web>>,
    axum::Extension(admin): Known,
    Query(said): Query<Said>,
    headers: HeaderMap,
) -> Response {
    let css = &web.site.assets().css;
    let Some(session) = admin.sessions.of(&headers) else {
        return answer(StatusCode::OK, page::sign_in(css, None));
    };
    let told = match said.done.as_deref() {
        Some("block") => Some("The hashtag is blocked."),
        Some("unblock") => Some("The hashtag is no longer blocked here."),
        Some("approve") => Some("The hashtag is approved."),
        Some("merge") => Some("The hashtags are shown as one."),
        Some("separate") => Some("The hashtag is shown as itself again."),
        Some("review") => Some("From now on a hashtag is shown only once it is approved."),
        Some("end-review") => Some("Hashtags are shown again without being approved."),
        _ => None,
    };
    signed_in(&web, &admin, &session, StatusCode::OK, told).await
}

#[derive(Deserialize)]
struct SignIn {
    token: String,
}

async fn sign_in(
    State(web): State<Arc<Web>>,
    axum::Extension(admin): Known,
    headers: HeaderMap,
    Form(SignIn { token }): Form<SignIn>,
) -> Response {
    let css = &web.site.assets().css;
    if is_from_elsewhere(&headers) {
        return answer(StatusCode::FORBIDDEN, page::sign_in(css, Some(ELSEWHERE)));
    }
    let cookie = match admin.sessions.begin(token.trim().as_bytes()) {
        Ok(cookie) => cookie,
        Err(sessions::NotIn::Wrong) => {
            tracing::warn!("somebody has tried to sign in at {PATH} with a wrong token");
            let told = Some("That is not the token.");
            return answer(StatusCode::FORBIDDEN, page::sign_in(css, told));
        }
        Err(sessions::NotIn::TooOften(wait)) => {
            let told = Some("There were too many attempts: wait a minute, then try again.");
            let mut answer = answer(StatusCode::TOO_MANY_REQUESTS, page::sign_in(css, told));
            let wait = HeaderValue::from(wait.as_secs() + 1);
            answer.headers_mut().insert(RETRY_AFTER, wait);
            return answer;
        }
        Err(sessions::NotIn::NoRandom) => {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    tracing::info!("an operator has signed in");
    see_other(
        PATH,
        Some(&cookie_line(&headers, &cookie, sessions::LIFE.as_secs())),
    )
}

/// What a form of whoever is signed in says.
#[derive(Deserialize)]
struct Sent {
    /// The session's own, which other sites do not know.
    form: String,
    #[serde(default)]
    tag: String,
}

async fn sign_out(asked: Asked, Form(sent): Form<Sent>) -> Response {
    if let Err(refused) = asked.admitted(&sent.form) {
        return *refused;
    }
    asked.admin.sessions.end(&asked.headers);
    see_other(PATH, Some(&cookie_line(&asked.headers, "", 0)))
}

async fn block(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let Sent { form, tag } = sent;
    let act = move |operators: &Operators| operators.block(&tag);
    asked.act(&form, act, "/admin?done=block").await
}

async fn unblock(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let Sent { form, tag } = sent;
    let act = move |operators: &Operators| operators.unblock(&tag);
    asked.act(&form, act, "/admin?done=unblock").await
}

async fn approve(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let Sent { form, tag } = sent;
    let act = move |operators: &Operators| operators.approve(&tag);
    asked.act(&form, act, "/admin?done=approve").await
}

/// What the form that merges says.
#[derive(Deserialize)]
struct Merging {
    form: String,
    tag: String,
    target: String,
}

async fn merge(asked: Asked, Form(sent): Form<Merging>) -> Response {
    let Merging { form, tag, target } = sent;
    let act = move |operators: &Operators| operators.merge(&tag, &target);
    asked.act(&form, act, "/admin?done=merge").await
}

async fn separate(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let Sent { form, tag } = sent;
    let act = move |operators: &Operators| operators.separate(&tag);
    asked.act(&form, act, "/admin?done=separate").await
}

/// What all boards show at this moment is approved by it.
async fn review(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let newest = asked.web.live.newest();
    let act = move |operators: &Operators| {
        let newest = newest.ok_or(Refused::NothingShown)?;
        let shown: Vec<String> = newest.tags().into_iter().map(str::to_owned).collect();
        operators.review(&shown)
    };
    asked.act(&sent.form, act, "/admin?done=review").await
}

async fn end_review(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let act = Operators::end_review;
    asked.act(&sent.form, act, "/admin?done=end-review").await
}

/// What a form of an operator came with.
struct Asked {
    web: Arc<Web>,
    admin: Admin,
    headers: HeaderMap,
}

impl FromRequestParts<Arc<Web>> for Asked {
    type Rejection = <Known as FromRequestParts<Arc<Web>>>::Rejection;

    async fn from_request_parts(
        parts: &mut Parts,
        web: &Arc<Web>,
    ) -> Result<Self, Self::Rejection> {
        let axum::Extension(admin) = Known::from_request_parts(parts, web).await?;
        Ok(Self {
            web: web.clone(),
            admin,
            headers: parts.headers.clone(),
        })
    }
}

impl Asked {
    async fn act(
        &self,
        form: &str,
        act: impl FnOnce(&Operators) -> Result<(), Refused> + Send + 'static,
        then: &'static str,
    ) -> Response {
        let session = match self.admitted(form) {
            Ok(session) => session,
            Err(refused) => return *refused,
        };
        let operators = self.admin.operators.clone();
        // It goes on when the client leaves: what is done is done whole.
        let acting = spawn_blocking(move || act(&operators));
        let refused = match acting.await {
            Ok(Ok(())) => return see_other(then, None),
            Ok(Err(refused)) => refused,
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        };
        let status = match refused {
            Refused::NoTag => StatusCode::BAD_REQUEST,
            Refused::IsBlocked
            | Refused::IsNotBlocked
            | Refused::TooMany
            | Refused::IsApproved
            | Refused::TooManyApproved
            | Refused::IsSame
            | Refused::IsMerged { .. }
            | Refused::LeadsBack { .. }
            | Refused::TooManyMerged
            | Refused::IsNotMerged
            | Refused::IsSo => StatusCode::CONFLICT,
            Refused::NothingShown | Refused::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        signed_in(
            &self.web,
            &self.admin,
            &session,
            status,
            Some(&refused.to_string()),
        )
        .await
    }

    /// The session whose form was sent.
    fn admitted(&self, form: &str) -> Result<Session, Box<Response>> {
        let refuse = |told| {
            let page = page::sign_in(&self.web.site.assets().css, Some(told));
            Box::new(answer(StatusCode::FORBIDDEN, page))
        };
        if is_from_elsewhere(&self.headers) {
            return Err(refuse(ELSEWHERE));
        }
        let session = self.admin.sessions.of(&self.headers);
        let session = session.ok_or_else(|| refuse("Sign in first: nothing was done."))?;
        if !session.has_form(form) {
            return Err(refuse("That form is an old one, so nothing was done."));
        }
        Ok(session)
    }
}

const ELSEWHERE: &str = "That came from another site, so nothing was done.";

/// Whether a browser sends this for a page that is not ours: an old one says it only by `Origin`.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    if headers.contains_key("sec-fetch-site") {
        return is_from_another_site(headers);
    }
    let host = |origin: &str| origin.split_once("://").map(|(_, host)| host.to_owned());
    let ours = origin(headers).and_then(|ours| host(&ours));
    headers.get(ORIGIN).is_some_and(|theirs| {
        let theirs = theirs.to_str().ok().and_then(host);
        theirs.is_none() || theirs != ours
    })
}

async fn signed_in(
    web: &Web,
    admin: &Admin,
    session: &Session,
    status: StatusCode,
    told: Option<&str>,
) -> Response {
    let css = web.site.assets().css.clone();
    let (operators, form) = (admin.operators.clone(), session.form().to_owned());
    let told = told.map(str::to_owned);
    let queue = match admin.operators.approved() {
        (_, true) => web.live.pending().await,
        (_, false) => None,
    };
    // An action that is being written down holds what is read here.
    let made = spawn_blocking(move || {
        page::signed_in(&css, &operators, queue.as_deref(), &form, told.as_deref())
    });
    match made.await {
        Ok(page) => answer(status, page),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

const HEADERS: [(HeaderName, &str); 3] = [
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, POLICY),
    // With none at all browsers would not say by `Origin` that a form is ours.
    (REFERRER_POLICY, "same-origin"),
];

fn answer(status: StatusCode, page: String) -> Response {
    (status, HEADERS, Html(page)).into_response()
}

fn see_other(to: &'static str, cookie: Option<&str>) -> Response {
    let mut answer = (StatusCode::SEE_OTHER, HEADERS, [(LOCATION, to)]).into_response();
    if let Some(Ok(cookie)) = cookie.map(HeaderValue::from_str) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

fn cookie_line(headers: &HeaderMap, value: &str, seconds: u64) -> String {
    let is_secure = origin(headers).is_some_and(|origin| origin.starts_with("https:"));
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_site_sends_is_told_by_either_header() {
        let is = |given: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("tags.example"));
            for (name, value) in given {
                headers.insert(*name, value.parse().unwrap());
            }
            is_from_elsewhere(&headers)
        };
        assert!(!is(&[]));
        assert!(!is(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "null")
        ]));
        assert!(!is(&[("origin", "https://tags.example")]));
        for other in ["cross-site", "same-site"] {
            assert!(is(&[("sec-fetch-site", other)]), "{other}");
        }
        for other in ["null", "", "https://evil.example", "https://tags.example:8"] {
            assert!(is(&[("origin", other)]), "{other}");
        }
    }
}
