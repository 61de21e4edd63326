//! Where each setting stands in its file, by its path.

use std::collections::HashMap;

use crate::yaml::{Node, Span, Value};

/// Paths like `inputs[0].name` and where they stand: a key, or an item of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Positions(HashMap<String, Span>);

impl Positions {
    pub(super) fn of(root: &Node) -> Self {
        let mut positions = Self::default();
        positions.walk(root, "");
        positions
    }

    fn walk(&mut self, node: &Node, path: &str) {
        match &node.value {
            Value::Map(entries) => {
                for (key, span, value) in entries {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    self.0.insert(path.clone(), span.clone());
                    self.walk(value, &path);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.0.insert(path.clone(), item.span.clone());
                    self.walk(item, &path);
                }
            }
            _ => {}
        }
    }

    /// Whether the file has that setting.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Where the setting stands, or the nearest one around it; none at the top of the file.
    pub(super) fn at(&self, path: &str) -> Option<Span> {
        let mut path = path;
        loop {
            if let Some(span) = self.0.get(path) {
                return Some(span.clone());
            }
            path = path.get(..path.rfind(['.', '['])?)?;
        }
    }
}
