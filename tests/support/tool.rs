//! Programs that the tests need and not every machine has.

use std::path::PathBuf;
use std::process::Command;

/// The program, ready to be called. Where there is none the test is skipped, loudly; where
/// everything is asked for that is a failure.
pub(crate) fn tool(program: &str) -> Option<Command> {
    // tests/run builds into it what no package has.
    let cache = std::env::var_os("BAILIWICK_CACHE").map_or_else(|| ".cache".into(), PathBuf::from);
    let own = cache.join("bin").join(program);
    let path = if own.is_file() { own.canonicalize().expect("a file") } else { program.into() };
    if Command::new(&path).arg("--help").output().is_ok() {
        return Some(Command::new(path));
    }
    let excused = std::env::var("CI").as_deref() != Ok("true")
        && std::env::var_os("BAILIWICK_TEST_FULL").is_none();
    assert!(excused, "{program} is missing: tests/run --full installs it");
    eprintln!("\n*** SKIPPED, {program} is missing: tests/run --full installs it\n");
    None
}
