//! Keeps the rows of the table new in the browser.
//!
//! A browser lays a table out again for each number in it, so what is written is what has changed.

use std::cell::RefCell;

use leptos::{
    prelude::*,
    web_sys::{Element, Node},
};
use model::View;
use wasm_bindgen::JsCast;

use super::{Live, is_compared, line::Line};

/// `lines` is what the table says so far: one row at least.
pub(super) fn keep(live: Live, of: Memo<View>, lines: Vec<Line>) {
    // Out here, since all that an effect makes goes when it runs again.
    let table = StoredValue::new_local(None::<Table>);
    let lines = StoredValue::new(lines);
    Effect::new(move || {
        live.rows.track();
        of.track();
        live.line.mode.track();
        table.update_value(|table| {
            if table.is_none() {
                let lines = lines.try_update_value(std::mem::take).unwrap_or_default();
                *table = Table::new(live, of, lines);
            }
            if let Some(table) = table {
                table.write();
            }
        });
    });
}

struct Table {
    live: Live,
    of: Memo<View>,
    body: Element,
    rows: RefCell<Vec<Written>>,
    /// What further rows are made after, and what it says.
    model: (Node, Line),
}

/// A row of the table, and what it says.
struct Written {
    row: Element,
    line: Line,
    /// None before it is written anew for the first time.
    places: Vec<Place>,
}

/// Where a part of a line stands.
enum Place {
    Text(Node),
    Attribute(Element, &'static str),
}

impl Table {
    fn new(live: Live, of: Memo<View>, lines: Vec<Line>) -> Option<Self> {
        let body = document().query_selector(".ranks tbody").ok().flatten()?;
        let mut row = body.first_element_child();
        let model = row.as_ref()?.clone_node_with_deep(true).ok()?;
        let model = (model, lines.first()?.clone());
        let rows = lines.into_iter().map_while(|line| {
            let this = row.take()?;
            row = this.next_element_sibling();
            Some(Written::new(this, line))
        });
        Some(Self {
            live,
            of,
            rows: RefCell::new(rows.collect()),
            model,
            body,
        })
    }

    /// Makes as many rows of the table as there are to be.
    fn fit(&self, number: usize) {
        let mut rows = self.rows.borrow_mut();
        while rows.len() > number {
            if let Some(gone) = rows.pop() {
                gone.row.remove();
            }
        }
        let (row, line) = &self.model;
        while rows.len() < number {
            let Ok(row) = row.clone_node_with_deep(true) else {
                return;
            };
            let row: Element = row.unchecked_into();
            let _ = self.body.append_child(&row);
            rows.push(Written::new(row, line.clone()));
        }
    }

    /// There is news.
    fn write(&self) {
        let of = self.of.get_untracked();
        let mode = self.live.line.mode.get_untracked();
        self.live.rows.with_untracked(|rows| {
            let past = is_compared(rows);
            self.fit(rows.len());
            let mut written = self.rows.borrow_mut();
            for (row, written) in rows.iter().zip(written.iter_mut()) {
                written.say(Line::of(row, of, mode, past));
            }
        });
    }
}

impl Written {
    fn new(row: Element, line: Line) -> Self {
        Self {
            row,
            line,
            places: Vec::new(),
        }
    }

    fn say(&mut self, line: Line) {
        if self.line == line {
            return;
        }
        if self.places.is_empty() {
            self.places = places(&self.row).unwrap_or_default();
        }
        let parts = self.line.parts().into_iter().zip(line.parts());
        for (place, (before, part)) in self.places.iter().zip(parts) {
            if before != part {
                place.write(part);
            }
        }
        self.line = line;
    }
}

impl Place {
    fn write(&self, part: &str) {
        match self {
            Self::Text(text) => text.set_node_value(Some(part)),
            Self::Attribute(element, name) => {
                // Neither fails: the names are good ones.
                let _ = match part {
                    "" => element.remove_attribute(name),
                    _ => element.set_attribute(name, part),
                };
            }
        }
    }
}

/// Where the parts of a line stand in a row, in the order of [`Line::parts`].
fn places(row: &Element) -> Option<Vec<Place>> {
    let find = |what: &str| row.query_selector(what).ok().flatten();
    let text = |what: &str| find(what)?.first_child().map(Place::Text);
    let attribute = |what: &str, name| Some(Place::Attribute(find(what)?, name));
    let rest = find(".rest")?;
    let change = rest.parent_element()?;
    let mark = change.first_element_child()?;
    Some(vec![
        text(".rank")?,
        text("bdi")?,
        attribute("bdi", "title")?,
        attribute("a", "href")?,
        attribute("a", "target")?,
        text(".mentions")?,
        attribute(".mentions", "title")?,
        text(".people")?,
        text(".rise")?,
        text(".share")?,
        attribute("path", "d")?,
        Place::Attribute(change, "class"),
        Place::Text(mark.next_sibling()?),
        Place::Text(mark.first_child()?),
        Place::Text(rest.first_child()?),
        attribute("button", "data-mute")?,
        attribute("button", "aria-label")?,
    ])
}
