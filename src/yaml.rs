//! YAML files read so that every fault is found at once, each with its place in the file.
//!
//! In: a file's text and a serde type. Out: the value, or all faults with line and snippet.
//! It knows no type of its own: shapes stand with the rooms that own them.

mod de;
mod faults;
mod located;
mod tree;

use serde::de::DeserializeOwned;

pub use faults::{Fault, Faults};
pub use located::{Located, Name};
pub use tree::{Node, Value};

/// A byte range of a file.
pub type Span = std::ops::Range<usize>;

/// Reads one YAML document into `T`.
///
/// # Errors
/// All faults of the text, in the order of the file.
pub fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Faults> {
    let (value, faults) = read_with(file, text, |_, _| {});
    match value {
        Some(value) if faults.is_empty() => Ok(value),
        _ => Err(faults),
    }
}

/// Like [`read`], but gives what could be read beside the faults, so that a caller can go on
/// and find faults of meaning as well. `edit` may change the tree before it is read, and add
/// faults of its own.
///
/// serde stops at the first fault it meets. So a faulty entry is noted, cut out of the tree,
/// and the rest is read again, until nothing is left to say.
pub fn read_with<T: DeserializeOwned>(
    file: &str,
    text: &str,
    edit: impl FnOnce(&mut Node, &mut Faults),
) -> (Option<T>, Faults) {
    let mut faults = Faults::new(file, text);
    let mut root = match tree::parse(text) {
        Ok(root) => root,
        Err(fault) => {
            faults.push(fault);
            return (None, faults);
        }
    };
    edit(&mut root, &mut faults);
    // What a container misses after something was cut out of it is no fault of the file's.
    let mut cut_in = Vec::new();
    let value = loop {
        match T::deserialize(&root) {
            Ok(value) => break Some(value),
            Err(error) => {
                let target = error.target.unwrap_or(de::Target::Node(root.id));
                let excused = error.incomplete && cut_in.contains(&target.node());
                if !excused {
                    faults.push(Fault { message: error.message, help: error.help, at: error.at });
                }
                match root.cut(target) {
                    Some(container) => cut_in.push(container),
                    None => break None,
                }
            }
        }
    };
    faults.sort();
    (value, faults)
}

/// The name among `known` that `name` was probably meant to be.
pub fn suggest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            let (short, long) = (candidate.len().min(name.len()), candidate.len().max(name.len()));
            // Half of a short code changed is another code.
            *distance <= 1 + short / 4 && *distance * 2 < long
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only the reading of it is tested")]
    struct Shape {
        name: String,
        #[serde(default)]
        items: Vec<Item>,
        #[serde(default)]
        number: Option<u32>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only the reading of it is tested")]
    struct Item {
        id: String,
        size: u8,
    }

    #[test]
    fn every_fault_of_a_file_is_reported_at_once_in_file_order() {
        let text = "nmae: a\nname: b\nitems:\n  - { id: x, size: big }\n  - { size: 1 }\n  - { id: y, size: 2, colour: red }\nnumber: many\n";
        let faults = read::<Shape>("f.yaml", text).unwrap_err();
        let lines: Vec<_> = faults.lines().collect();
        assert_eq!(
            lines,
            [
                "f.yaml:1: unknown key `nmae`; did you mean `name`?",
                "f.yaml:4: found text, expected a whole number",
                "f.yaml:5: missing key `id`",
                "f.yaml:6: unknown key `colour`; known here: `id`, `size`",
                "f.yaml:7: found text, expected a whole number",
            ]
        );
    }

    #[test]
    fn a_country_code_that_yaml_once_took_for_a_boolean_is_text() {
        let (value, faults) = read_with::<Shape>("f.yaml", "name: NO", |_, _| {});
        assert!(faults.is_empty());
        assert_eq!(value.unwrap().name, "NO");
    }

    #[test]
    fn text_that_is_no_yaml_is_one_fault_with_its_line() {
        let faults = read::<Shape>("f.yaml", "name: a\nitems: [\n").unwrap_err();
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn a_key_given_twice_is_a_fault() {
        let faults = read::<Shape>("f.yaml", "name: a\nname: b\n").unwrap_err();
        assert_eq!(
            faults.lines().collect::<Vec<_>>(),
            ["f.yaml:2: the key `name` stands twice in one map"]
        );
    }

    #[test]
    fn a_code_of_two_letters_is_no_misspelling_of_another() {
        assert_eq!(suggest("XX", ["AX", "DE"]), None);
        assert_eq!(suggest("germny", ["Germany", "Greece"]), Some("Germany"));
    }
}
