//! What the text means: headings, paragraphs, tables, in reading order.

/// An element of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node(usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Document,
    Heading,
    Paragraph,
    Table,
    Head,
    Body,
    Row,
    ColumnHeader,
    RowHeader,
    Cell,
}

#[derive(Debug)]
pub struct Element {
    pub role: Role,
    pub children: Vec<Node>,
}

/// The first element is the document.
#[derive(Debug)]
pub struct Tree {
    elements: Vec<Element>,
}

impl Tree {
    pub const ROOT: Node = Node(0);

    pub fn new() -> Self {
        Self { elements: vec![Element { role: Role::Document, children: Vec::new() }] }
    }

    /// A new last child.
    pub fn add(&mut self, parent: Node, role: Role) -> Node {
        let node = Node(self.elements.len());
        self.elements.push(Element { role, children: Vec::new() });
        if let Some(parent) = self.elements.get_mut(parent.0) {
            parent.children.push(node);
        }
        node
    }

    pub fn get(&self, node: Node) -> Option<&Element> {
        self.elements.get(node.0)
    }

    pub fn len(&self) -> usize {
        self.elements.len()
    }
}

impl Node {
    pub const fn index(self) -> usize {
        self.0
    }
}
