//! A table over as many pages as it takes, with its header on each.

use super::flow::{Align, Flow};
use super::page::{Colour, LEFT, Meaning, RIGHT, Style};
use super::tree::{Node, Role};

const TITLE: Style = Style::bold(8.0).coloured(Colour::Accent);
const MAIN: Style = Style::regular(9.0);
const SUB: Style = Style::grey(7.5);
const MAIN_LEADING: f32 = 12.0;
const SUB_LEADING: f32 = 10.5;
const PADDING: f32 = 5.0;

#[derive(Debug)]
pub struct Column {
    pub title: String,
    pub width: f32,
    pub align: Align,
}

/// What stands in a cell; smaller lines below.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub main: String,
    pub sub: Vec<String>,
}

#[derive(Debug)]
pub struct Table {
    pub columns: Vec<Column>,
    /// The first cell of each names the row.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell as lines of text.
struct Laid {
    main: Vec<String>,
    sub: Vec<String>,
}

impl From<String> for Cell {
    fn from(main: String) -> Self {
        Self { main, sub: Vec::new() }
    }
}

impl Table {
    pub fn draw(mut self, flow: &mut Flow<'_>) {
        self.fit(flow);
        let table = flow.element(Role::Table);
        let head = flow.tree.add(table, Role::Head);
        let row = flow.tree.add(head, Role::Row);
        self.header(flow, Some(row));
        let body = flow.tree.add(table, Role::Body);
        for cells in &self.rows {
            let laid: Vec<Laid> = self.columns.iter().zip(cells).map(|(column, cell)| column.lay(flow, cell)).collect();
            let height = laid.iter().map(Laid::height).fold(0.0, f32::max) + 2.0 * PADDING;
            if !flow.fits(height) {
                flow.next_page();
                self.header(flow, None);
            }
            let row = flow.tree.add(body, Role::Row);
            self.row(flow, row, &laid);
            flow.y += height;
            flow.bar((LEFT, flow.y), (RIGHT - LEFT, 0.5), Colour::Hair);
        }
    }

    /// Numbers are never divided: their columns take what they need from the widest.
    fn fit(&mut self, flow: &Flow<'_>) {
        let mut missing = 0.0;
        for (n, column) in self.columns.iter_mut().enumerate().filter(|(_, column)| column.align == Align::Right) {
            let cells = self.rows.iter().filter_map(|row| row.get(n));
            let widest = cells.map(|cell| flow.faces.width(&cell.main, MAIN)).fold(0.0, f32::max);
            let wanted = widest.max(flow.faces.width(&column.title, TITLE)) + 2.0 * PADDING;
            missing += (wanted - column.width).max(0.0);
            column.width = column.width.max(wanted);
        }
        let widest = self.columns.iter_mut().max_by(|left, right| left.width.total_cmp(&right.width));
        widest.into_iter().for_each(|column| column.width -= missing);
    }

    /// Where it is repeated it is no part of the text.
    fn header(&self, flow: &mut Flow<'_>, row: Option<Node>) {
        let y = flow.y + 15.0;
        flow.bar((LEFT, flow.y + 1.0), (RIGHT - LEFT, 20.0), Colour::Tint);
        for (column, x) in self.places() {
            let meaning = row.map(|row| Meaning::Part(flow.tree.add(row, Role::ColumnHeader)));
            flow.text((x, y), column.align, TITLE, (meaning.unwrap_or(Meaning::Header), &column.title));
        }
        flow.y += 21.0;
        flow.bar((LEFT, flow.y), (RIGHT - LEFT, 0.8), Colour::Accent);
    }

    fn row(&self, flow: &mut Flow<'_>, row: Node, cells: &[Laid]) {
        for (n, ((column, x), cell)) in self.places().zip(cells).enumerate() {
            let role = if n == 0 { Role::RowHeader } else { Role::Cell };
            let node = flow.tree.add(row, role);
            let mut y = flow.y + PADDING + 9.0;
            for line in &cell.main {
                flow.text((x, y), column.align, MAIN, (Meaning::Part(node), line));
                y += MAIN_LEADING;
            }
            y -= MAIN_LEADING - SUB_LEADING - 0.5;
            for line in &cell.sub {
                flow.text((x, y), column.align, SUB, (Meaning::Part(node), line));
                y += SUB_LEADING;
            }
        }
    }

    /// Each column with where its text begins, or ends.
    fn places(&self) -> impl Iterator<Item = (&Column, f32)> {
        self.columns.iter().scan(LEFT, |left, column| {
            let (begin, end) = (*left, *left + column.width);
            *left = end;
            Some(match column.align {
                Align::Left => (column, begin + PADDING),
                Align::Right => (column, end - PADDING),
            })
        })
    }
}

impl Column {
    fn lay(&self, flow: &Flow<'_>, cell: &Cell) -> Laid {
        let width = self.width - 2.0 * PADDING;
        let sub = cell.sub.iter().flat_map(|line| flow.faces.wrap(line, SUB, width));
        Laid { main: flow.faces.wrap(&cell.main, MAIN, width), sub: sub.collect() }
    }
}

impl Laid {
    fn height(&self) -> f32 {
        let lines = |lines: &[String], leading: f32| lines.iter().map(|_| leading).sum::<f32>();
        lines(&self.main, MAIN_LEADING) + lines(&self.sub, SUB_LEADING)
    }
}
