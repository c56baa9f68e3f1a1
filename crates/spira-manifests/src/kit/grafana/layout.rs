//! Where panels stand: from left to right, and down where a line is full.

use super::{Look, Panel, Row, json};

/// The width of a dashboard.
const WIDTH: u8 = 24;

/// The number before that of the first panel. Small numbers in a text look like the values of a
/// count, such as MongoDB's seven members at most, to who follows values through builders.
const BEFORE_FIRST: u16 = 100;

/// Where the next row stands, and the number of its first panel.
#[derive(Clone, Copy)]
pub struct Place {
    id: u16,
    y: u16,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            id: BEFORE_FIRST,
            y: 0,
        }
    }
}

/// A place in the grid.
#[derive(Clone, Copy, serde::Serialize)]
pub(super) struct GridPos {
    pub(super) x: u8,
    pub(super) y: u16,
    pub(super) w: u8,
    pub(super) h: u8,
}

/// Rows as lines of JSON, and the place below them.
pub(super) fn lines(mut place: Place, rows: &[Row]) -> (Vec<String>, Place) {
    let mut lines = Vec::new();
    for row in rows {
        place.id += 1;
        let at = GridPos {
            x: 0,
            y: place.y,
            w: WIDTH,
            h: 1,
        };
        let comma = if place.y == 0 { "" } else { "," };
        let head = comma.to_owned() + &json::row(row, place.id, at);
        place.y += 1;
        let panels = panels(&row.panels, &mut place);
        if row.is_collapsed {
            // What follows stands right below it: Grafana makes room when it is opened.
            place.y = at.y + 1;
            // A closed row holds its panels.
            lines.push(head.strip_suffix(json::END).unwrap_or(&head).to_owned());
            lines.push(panels.join("\n,"));
            lines.push(json::END.to_owned());
        } else {
            lines.push(head);
            lines.extend(panels.into_iter().map(|panel| format!(",{panel}")));
        }
    }
    (lines, place)
}

fn panels(panels: &[Panel], place: &mut Place) -> Vec<String> {
    let mut written = Vec::new();
    for line in in_lines(panels) {
        // All panels of a line are as tall as the tallest, so that nothing moves up beside it.
        let h = line.iter().map(|panel| height(panel)).max().unwrap_or(0);
        let mut x = 0;
        for panel in line {
            place.id += 1;
            let at = GridPos {
                x,
                y: place.y,
                w: panel.width,
                h,
            };
            written.push(json::panel(panel, place.id, at));
            x += panel.width;
        }
        place.y += u16::from(h);
    }
    written
}

fn in_lines(panels: &[Panel]) -> Vec<Vec<&Panel>> {
    let mut lines: Vec<Vec<&Panel>> = Vec::new();
    let mut room = 0;
    for panel in panels {
        if panel.width > room {
            lines.push(Vec::new());
            room = WIDTH;
        }
        room -= panel.width;
        if let Some(line) = lines.last_mut() {
            line.push(panel);
        }
    }
    lines
}

fn height(panel: &Panel) -> u8 {
    match panel.look {
        Look::Stat => 4,
        Look::Lines | Look::Stacked | Look::States(_) | Look::Table => 8,
    }
}
