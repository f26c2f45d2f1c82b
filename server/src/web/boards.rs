//! What the page is answered.

use app::Boards;
use model::{Answer, Board, Epoch, Origin, Top, View};

use super::Web;

/// Rows on the page.
const ROWS: usize = 10;

impl Boards for Web {
    fn answer(&self, view: View, after: Option<Epoch>) -> Answer {
        let posted = self.external.newest();
        let external = posted.is_some();
        match view.origin {
            Origin::Counted(_) => {
                let Some(results) = self.live.newest() else {
                    return Answer::Starting;
                };
                self.board(results.top(view.window, view.by), external, after)
            }
            Origin::External => match posted {
                Some(posted) => self.board(&posted.top, external, after),
                None => self.board(&super::external::nothing_posted(), external, after),
            },
        }
    }
}

impl Web {
    fn board(&self, top: &Top, external: bool, after: Option<Epoch>) -> Answer {
        if after == Some(top.epoch) {
            return Answer::Unchanged(top.epoch);
        }
        Answer::Board(Board {
            top: first_rows(top, ROWS),
            batch_ms: u64::try_from(self.batch.as_millis()).unwrap_or(u64::MAX),
            sources: self.sources.all(),
            external,
        })
    }
}

/// `top` with at most `rows` rows; the rest is not copied.
pub(super) fn first_rows(top: &Top, rows: usize) -> Top {
    Top {
        window: top.window,
        by: top.by,
        epoch: top.epoch,
        at: top.at.clone(),
        posts: top.posts,
        mentions: top.mentions,
        tags: top.tags,
        rows: top.rows.iter().take(rows).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use model::Window;

    use super::*;
    use crate::{tutorial::literal::Literal, web::testing::Counting};

    fn view(window: Window, origin: Origin) -> View {
        View {
            window,
            origin,
            ..View::default()
        }
    }

    fn board(answer: Answer) -> Board {
        match answer {
            Answer::Board(board) => board,
            other => panic!("no board: {other:?}"),
        }
    }

    #[test]
    fn starting_then_ten_rows_then_unchanged() {
        let counting = Counting::default();
        let web = counting.web();
        let all = view(Window::All, Origin::default());
        assert_eq!(web.answer(all, None), Answer::Starting);

        let tags: Vec<String> = (0..12).map(|number| format!("#t{number}")).collect();
        let rows: Vec<_> = tags.iter().map(|tag| (tag.as_str(), 5)).collect();
        counting.show(3, &rows);
        let shown = board(web.answer(all, None));
        assert_eq!(shown.top.rows.len(), 10);
        assert_eq!(shown.batch_ms, 2000);
        assert!(!shown.external);
        assert_eq!(web.answer(all, Some(Epoch(3))), Answer::Unchanged(Epoch(3)));
        assert_eq!(board(web.answer(all, Some(Epoch(2)))).top.epoch, Epoch(3));
    }

    #[test]
    fn an_external_board_shows_what_was_posted() {
        let web = Counting::default().web();
        let external = view(Window::FiveMinutes, Origin::External);
        let empty = board(web.answer(external, None));
        assert!(!empty.external && empty.top.rows.is_empty());

        web.external
            .post(vec![Literal::Text("C#".to_owned())], vec![Literal::Int(4)]);
        let shown = board(web.answer(external, Some(empty.top.epoch)));
        assert!(shown.external);
        assert_eq!(shown.top.window, Window::All);
        assert_eq!(
            (shown.top.rows[0].tag.as_str(), shown.top.rows[0].count),
            ("C#", 4)
        );
        let epoch = shown.top.epoch;
        assert_eq!(web.answer(external, Some(epoch)), Answer::Unchanged(epoch));
    }
}
