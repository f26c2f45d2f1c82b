//! What operators see. Every tag is text from strangers: [`text`] makes it safe.

use std::{borrow::Cow, fmt::Write as _};

use app::words::grouped;
use jiff::Timestamp;

use crate::{
    moderation::{APPROVED, BY_OPERATORS, MERGED, Operators, Shown},
    results::Queue,
    store::Deed,
};

/// Rows of a list; what is beyond is counted.
const ROWS: usize = 500;
const ACTIONS: usize = 50;

pub(super) fn sign_in(css: &str, told: Option<&str>) -> String {
    let body = format!(
        "<h1>Operators</h1>{}\
         <form method=\"post\" action=\"/admin/sign-in\">\
         <p><label for=\"token\">Token of this server</label></p>\
         <p><input id=\"token\" name=\"token\" type=\"password\" required \
         autocomplete=\"current-password\"> <button>Sign in</button></p></form>",
        status(told)
    );
    document(css, "sign in", &body)
}

pub(super) fn signed_in(
    css: &str,
    operators: &Operators,
    queue: Option<&Queue>,
    form: &str,
    told: Option<&str>,
) -> String {
    let form = format!("<input type=\"hidden\" name=\"form\" value=\"{form}\">");
    let mut body = format!(
        "<h1>Operators</h1>{}\
         <form method=\"post\" action=\"/admin/sign-out\">{form}<p><a href=\"/\">The board</a> \
         <button>Sign out</button></p></form>\
         <form method=\"post\" action=\"/admin/block\">{form}\
         <p><label for=\"tag\">A hashtag, in any spelling</label></p>\
         <p><input id=\"tag\" name=\"tag\" required autocomplete=\"off\" autocapitalize=\"none\" \
         spellcheck=\"false\"> <button>Block</button> \
         <button formaction=\"/admin/unblock\">Unblock</button> \
         <button formaction=\"/admin/approve\">Approve</button></p></form>",
        status(told)
    );
    review(&mut body, operators, queue, &form);
    blocked(&mut body, operators, &form);
    merged(&mut body, operators, &form);
    actions(&mut body, operators);
    document(css, "operators", &body)
}

fn review(body: &mut String, operators: &Operators, queue: Option<&Queue>, form: &str) {
    let (approved, is_reviewed) = operators.approved();
    let (told, action, button) = match is_reviewed {
        true => (
            "A hashtag is shown only once it is approved.",
            "end-review",
            "Show all again",
        ),
        false => (
            "Every hashtag is shown that is not blocked. When the review begins, what the boards show then \
             is approved.",
            "review",
            "Begin the review",
        ),
    };
    let _ = write!(
        body,
        "<h2 id=\"review\">Review</h2><p>{told} {} are approved, of {} at most.</p>\
         <form method=\"post\" action=\"/admin/{action}\">{form}<p><button>{button}</button></p></form>",
        grouped(approved as u64),
        grouped(APPROVED as u64)
    );
    if is_reviewed {
        pending(body, operators, queue, form);
    }
}

fn pending(body: &mut String, operators: &Operators, queue: Option<&Queue>, form: &str) {
    body.push_str("<h3 id=\"pending\">Hashtags to be approved</h3>");
    let Some(queue) = queue else {
        body.push_str("<p>They are not known at this moment: load the page again.</p>");
        return;
    };
    // Those that were decided on since that epoch are not pending any longer.
    let is_pending = operators.is_pending();
    let mut waiting = queue
        .tags
        .iter()
        .filter(|tag| is_pending(&tag.key))
        .peekable();
    if waiting.peek().is_none() {
        body.push_str("<p>None of the last five minutes.</p>");
        return;
    }
    let columns = [
        "Hashtag",
        "Mentions in 5 min",
        "People",
        "A post",
        "Decision",
    ];
    begin_table(body, "pending", &columns);
    for pending in waiting {
        let tag = text(&pending.tag);
        let people = pending
            .people
            .map_or_else(String::new, |people| people.to_string());
        let link = pending.link.as_deref().map_or_else(String::new, |link| {
            format!(
                "<a href=\"{}\" rel=\"noopener nofollow\" aria-label=\"A post with {tag}\">open</a>",
                text(link)
            )
        });
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><bdi>{tag}</bdi></th><td>{}</td><td>{people}</td><td>{link}</td><td>\
             <form method=\"post\" action=\"/admin/approve\">{form}\
             <input type=\"hidden\" name=\"tag\" value=\"{tag}\">\
             <button aria-label=\"Approve {tag}\">Approve</button> \
             <button formaction=\"/admin/block\" aria-label=\"Decline {tag}\">Decline</button>\
             </form></td></tr>",
            pending.count
        );
    }
    body.push_str("</tbody></table></div>");
}

fn blocked(body: &mut String, operators: &Operators, form: &str) {
    let (by_operators, number) = operators.blocked(ROWS);
    let (by_file, in_file) = operators.of_file(ROWS);
    body.push_str("<h2 id=\"blocked\">Blocked hashtags</h2>");
    if number + in_file == 0 {
        body.push_str("<p>None.</p>");
        return;
    }
    let _ = write!(
        body,
        "<p>{number} by operators, of {BY_OPERATORS} at most; {in_file} by the file of --block.</p>"
    );
    begin_table(body, "blocked", &["Hashtag", "By", "Since", "Unblock"]);
    for blocked in &by_operators {
        let tag = text(&blocked.tag);
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><bdi>{tag}</bdi></th><td>an operator</td><td>{}</td><td>\
             <form method=\"post\" action=\"/admin/unblock\">{form}\
             <input type=\"hidden\" name=\"tag\" value=\"{tag}\">\
             <button aria-label=\"Unblock {tag}\">Unblock</button></form></td></tr>",
            time(blocked.at)
        );
    }
    for tag in &by_file {
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><bdi>{}</bdi></th><td>the file</td><td></td>\
             <td>in the file</td></tr>",
            text(tag)
        );
    }
    body.push_str("</tbody></table></div>");
    let more = number - by_operators.len() + in_file - by_file.len();
    if more > 0 {
        let _ = write!(body, "<p>{more} more are not listed here.</p>");
    }
}

fn merged(body: &mut String, operators: &Operators, form: &str) {
    let (merged, number) = operators.merged(ROWS);
    let _ = write!(
        body,
        "<h2 id=\"merged\">Merged hashtags</h2>\
         <p>A hashtag can be shown as another one: what is counted of both is in one row, spelled as is typed \
         here. {number} are, of {MERGED} at most.</p>\
         <form method=\"post\" action=\"/admin/merge\">{form}\
         <p><label for=\"merged-tag\">Show this hashtag</label> \
         <input id=\"merged-tag\" name=\"tag\" required autocomplete=\"off\" autocapitalize=\"none\" \
         spellcheck=\"false\"> \
         <label for=\"target\">as this one, spelled so</label> \
         <input id=\"target\" name=\"target\" required autocomplete=\"off\" autocapitalize=\"none\" \
         spellcheck=\"false\"> <button>Merge</button></p></form>"
    );
    if merged.is_empty() {
        return;
    }
    begin_table(body, "merged", &["Hashtag", "Shown as", "Since", "Undo"]);
    for merged in &merged {
        let (tag, target) = (text(&merged.tag), text(&merged.target));
        let shown = match &merged.shown {
            Shown::As(shown) if *shown == merged.target => String::new(),
            Shown::As(shown) => format!(", which is shown as <bdi>{}</bdi>", text(shown)),
            Shown::AsItself => ": not done, for it leads back to itself".to_owned(),
            Shown::Hidden => ": hidden".to_owned(),
        };
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><bdi>{tag}</bdi></th><td><bdi>{target}</bdi>{shown}</td><td>{}</td><td>\
             <form method=\"post\" action=\"/admin/separate\">{form}\
             <input type=\"hidden\" name=\"tag\" value=\"{tag}\">\
             <button aria-label=\"Undo {tag} as {target}\">Undo</button></form></td></tr>",
            time(merged.at)
        );
    }
    body.push_str("</tbody></table></div>");
    if number > merged.len() {
        let _ = write!(
            body,
            "<p>{} more are not listed here.</p>",
            number - merged.len()
        );
    }
}

fn actions(body: &mut String, operators: &Operators) {
    body.push_str("<h2 id=\"actions\">Last actions</h2>");
    let all = operators.actions(ACTIONS);
    if all.is_empty() {
        body.push_str("<p>None.</p>");
        return;
    }
    begin_table(body, "actions", &["When", "What", "Hashtag"]);
    for action in &all {
        let (what, tag) = match &action.deed {
            Deed::Block { tag, .. } => ("blocked", text(tag)),
            Deed::Unblock { tag, .. } => ("unblocked", text(tag)),
            Deed::Approve { tag, .. } => ("approved", text(tag)),
            Deed::Review { approved } => (
                "began the review",
                Cow::Owned(format!("{approved} shown then")),
            ),
            Deed::EndReview => ("ended the review", Cow::Borrowed("")),
            Deed::Merge { tag, .. } => ("merged", text(tag)),
            Deed::Separate { tag, .. } => ("separated", text(tag)),
        };
        let target = match &action.deed {
            Deed::Merge { target, .. } => format!(" as <bdi>{}</bdi>", text(&target.tag)),
            _ => String::new(),
        };
        let _ = write!(
            body,
            "<tr><td>{}</td><td>{what}</td><td><bdi>{tag}</bdi>{target}</td></tr>",
            time(action.at)
        );
    }
    body.push_str("</tbody></table></div>");
}

/// A table that can be scrolled by itself, named by the heading with that `id`.
fn begin_table(body: &mut String, id: &str, columns: &[&str]) {
    let _ = write!(
        body,
        "<div class=\"listed\" role=\"region\" aria-labelledby=\"{id}\" tabindex=\"0\">\
         <table aria-labelledby=\"{id}\"><thead><tr>"
    );
    for column in columns {
        let _ = write!(body, "<th scope=\"col\">{column}</th>");
    }
    body.push_str("</tr></thead><tbody>");
}

fn status(told: Option<&str>) -> String {
    told.map_or_else(String::new, |told| {
        format!("<p role=\"status\"><strong>{}</strong></p>", text(told))
    })
}

fn document(css: &str, title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">\
         <title>tagtide: {title}</title><link rel=\"stylesheet\" href=\"{css}\">\
         <link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\"></head>\
         <body><main class=\"notice operators\">{body}</main></body></html>"
    )
}

fn time(millis: u64) -> String {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    let at = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    let at = at.strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("<time>{at}</time>")
}

/// In an element or a quoted attribute.
fn text(text: &str) -> Cow<'_, str> {
    html_escape::encode_quoted_attribute(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_text() {
        let page = sign_in("/a.css", Some("<b>\"&"));
        assert!(
            page.contains("<strong>&lt;b&gt;&quot;&amp;</strong>"),
            "{page}"
        );
    }
}
