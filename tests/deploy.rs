//! The files under deploy/ and examples/ speak of what there is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn rules_and_dashboard_use_metrics_that_there_are() {
    let known: BTreeSet<&str> = bailiwick::metrics::catalogue().iter().map(|m| m.name).collect();
    let mut used = 0;
    for file in ["deploy/rules.yml", "deploy/grafana/provisioning/dashboards/bailiwick.json"] {
        let text = read(file);
        for after in text.split("bailiwick_").skip(1) {
            let end = after.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap();
            let name = format!("bailiwick_{}", &after[..end]);
            let base = ["_bucket", "_count", "_sum"].iter().find_map(|s| name.strip_suffix(s));
            let there = known.contains(name.as_str()) || base.is_some_and(|b| known.contains(b));
            assert!(there, "{file}: {name}");
            used += 1;
        }
    }
    assert!(used >= 10, "{used}");
}

#[test]
fn the_configurations_for_users_are_valid() {
    // The compose file puts the two side by side.
    let folder = tempfile::tempdir().unwrap();
    for file in ["examples/bailiwick.yaml", "deploy/bailiwick.yaml"] {
        let path = folder.path().join("bailiwick.yaml");
        std::fs::write(&path, read(file)).unwrap();
        std::fs::write(folder.path().join("tenants.yaml"), read("examples/tenants.yaml")).unwrap();
        let ended = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
            .args(["validate", "-c"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(ended.status.success(), "{file}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}
