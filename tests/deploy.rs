//! The files under deploy/ and examples/ speak of what there is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::process::Command;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
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
