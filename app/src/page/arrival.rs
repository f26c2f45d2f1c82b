//! How a page arrives with its data: on the server the first answer is waited for and sent along, in the
//! browser it is found there.
//!
//! One piece of code for all pages, whose answers and views go through it boxed: each such wait weighs
//! kilobytes in the browser.

use std::{pin::Pin, sync::Arc};

use leptos::prelude::*;
use model::{Answer, TagAnswer};
use serde::{Deserialize, Serialize};

use crate::ask::{Refusal, SentJson};

/// What a page opens with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum First {
    Board(Result<Answer, Refusal>),
    Tag(Result<TagAnswer, Refusal>),
}

pub type Asking = Pin<Box<dyn Future<Output = First> + Send>>;

/// Asks once, and opens the page with the answer.
pub fn arrive(
    ask: Arc<dyn Fn() -> Asking + Send + Sync>,
    open: Arc<dyn Fn(First) -> AnyView + Send + Sync>,
) -> impl IntoView {
    // Only what the page arrives with: its driver asks for all that follows, also for another view.
    let first = Resource::<_, SentJson>::new_with_options(|| (), move |()| ask(), true);
    view! {
        <Suspense fallback=|| view! { <main class="notice" aria-busy="true"></main> }>
            {
                let open = open.clone();
                move || {
                    let open = open.clone();
                    Suspend::new(async move { open(first.await) })
                }
            }
        </Suspense>
    }
}
