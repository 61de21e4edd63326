//! The tenants' file: a YAML list, or one JSON object a line.
//!
//! In: a path. Out: tenant records, or every fault of the file. The file's first character
//! decides how it is read, its name nothing.

use std::path::Path;

use crate::tenant::{TenantRecord, repeated_ids};
use crate::yaml::{self, Fault, Faults};

/// Reads tenant facts from a file.
///
/// # Errors
/// That it cannot be read, or all its faults at once.
pub fn read(path: &Path) -> Result<Vec<TenantRecord>, Faults> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => read_text(&name, &text),
        Err(error) => {
            let mut faults = Faults::new(&name, "");
            let message = format!("the tenants' file cannot be read: {error}");
            faults.push(Fault { message, help: None, at: None });
            Err(faults)
        }
    }
}

/// Reads the text of a tenants file.
///
/// # Errors
/// All its faults at once.
pub fn read_text(name: &str, text: &str) -> Result<Vec<TenantRecord>, Faults> {
    let (records, mut faults) = if text.trim_start().starts_with('{') {
        ndjson(name, text)
    } else if text.trim().is_empty() {
        (Vec::new(), Faults::new(name, text))
    } else {
        let (records, faults) = yaml::read_with::<Vec<TenantRecord>>(name, text, |_, _| {});
        (records.unwrap_or_default(), faults)
    };
    for (id, count) in repeated_ids(&records) {
        let message = format!("tenant `{id}` stands {count} times");
        let at = text.to_lowercase().rfind(&id).map(|at| at..at + id.len());
        faults.push(Fault { message, help: None, at });
    }
    faults.sort();
    if faults.is_empty() { Ok(records) } else { Err(faults) }
}

/// One JSON object a line. JSON is YAML, so each line is read by the same reader.
fn ndjson(name: &str, text: &str) -> (Vec<TenantRecord>, Faults) {
    let mut faults = Faults::new(name, text);
    let mut records = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let (record, of_line) = yaml::read_with::<TenantRecord>(name, line, |_, _| {});
            records.extend(record);
            for mut fault in of_line.into_faults() {
                let at = fault.at.unwrap_or(0..line.trim_end().len());
                fault.at = Some(start + at.start..start + at.end);
                faults.push(fault);
            }
        }
        start += line.len();
    }
    (records, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        read_text("t", text).map_or_else(|faults| faults.lines().collect(), |_| Vec::new())
    }

    #[test]
    fn a_yaml_list_and_json_lines_read_alike() {
        let yaml = read_text("t", "- { id: a, country: NO, capabilities: {} }\n- { id: b }\n");
        let json = read_text(
            "t",
            "{\"id\":\"a\",\"country\":\"NO\",\"capabilities\":{}}\n\n{\"id\":\"b\"}",
        );
        assert_eq!(yaml.unwrap(), json.unwrap());
    }

    #[test]
    fn every_fault_of_a_tenants_file_has_its_line() {
        assert_eq!(
            lines("{\"id\":\"a\"}\n{\"id\":\"a\",\"contry\":\"DE\"}\n{\"country\":\"DE\"}\n"),
            [
                "t:2: tenant `a` stands 2 times",
                "t:2: unknown key `contry`; did you mean `country`?",
                "t:3: missing key `id`",
            ]
        );
    }
}
