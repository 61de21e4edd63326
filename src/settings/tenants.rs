//! The tenants' file: a YAML list, or one JSON object a line.

use std::path::Path;

use crate::tenant::{TenantRecord, TenantRecords, repeated_ids};
use crate::yaml::{self, Fault, Faults};

/// Reads tenant facts; the file's name decides nothing, its first character does.
///
/// # Errors
/// Every fault of the file.
pub fn read_tenants(path: &Path) -> Result<Vec<TenantRecord>, Faults> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let mut faults = Faults::new(&name, "");
        let message = format!("the tenants' file cannot be read: {}", error.kind());
        faults.push(Fault { message, help: None, at: None });
        faults
    })?;
    let records = if text.trim_start().starts_with('{') {
        from_lines(&name, &text)?
    } else {
        yaml::read::<TenantRecords>(&name, &text)?
    };
    let repeated = repeated_ids(&records);
    if repeated.is_empty() {
        return Ok(records);
    }
    let mut faults = Faults::new(&name, &text);
    for (id, count) in repeated {
        let message = format!("the tenant {id} stands {count} times in the file");
        let at = text.to_lowercase().rfind(&id).map(|at| at..at + id.len());
        faults.push(Fault { message, help: None, at });
    }
    Err(faults)
}

fn from_lines(name: &str, text: &str) -> Result<Vec<TenantRecord>, Faults> {
    let (mut records, mut faults) = (Vec::new(), Faults::new(name, text));
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            match serde_json::from_str(line) {
                Ok(record) => records.push(record),
                Err(error) => {
                    let at = start..start + line.trim_end().len();
                    faults.add(&at, format!("this is no tenant record: {error}"), None);
                }
            }
        }
        start += line.len();
    }
    if faults.is_empty() { Ok(records) } else { Err(faults) }
}
