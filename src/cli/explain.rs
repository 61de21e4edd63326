//! `explain`: one event of a file, as a tree.

use crate::code::{Code, Unreadable};
use crate::explain::explain;
use crate::pipeline::Outcome;

use super::arguments::ExplainArguments;
use super::input::{Found, Input};
use super::loading::{Judging, MAX_RECORD_BYTES};
use super::{Exit, loading, print};

pub(super) fn run(arguments: &ExplainArguments) -> Exit {
    let Judging { mut pipeline, program, hasher } = match loading::judging(&arguments.records) {
        Ok(judging) => judging,
        Err(exit) => return exit,
    };
    let path = &arguments.file;
    let failed = |error: std::io::Error| {
        say!("bailiwick: {} cannot be read: {error}", path.display());
        Exit::Failed
    };
    let mut input = match Input::open(path) {
        Ok(input) => input,
        Err(error) => return failed(error),
    };
    let mut records = input.records(MAX_RECORD_BYTES);
    for index in 0.. {
        let found = match records.next() {
            Ok(Some(found)) => found,
            Ok(None) => {
                say!(
                    "bailiwick: {} has no record {}; it has {index}",
                    path.display(),
                    arguments.index
                );
                return Exit::Usage;
            }
            Err(error) => return failed(error),
        };
        let wanted = index == arguments.index;
        let range = match found {
            Found::Record(range) => range,
            Found::Repeated(_) if wanted => {
                let why = Unreadable::at(Code::DuplicateKey, "records");
                say!("{}:{index} {}: {why}", path.display(), why.code);
                return Exit::Unreadable;
            }
            Found::Repeated(_) => continue,
        };
        let raw = records.bytes(range.clone());
        let mut tree = String::new();
        let read = pipeline.frame(index as u32, raw, &mut |outcome| {
            if let (true, Outcome::Judged(judged)) = (wanted, outcome) {
                tree = explain(&program, &judged, &hasher);
            }
        });
        match read {
            Ok(()) if wanted => {
                return print(tree.as_bytes());
            }
            Err(why) if wanted => {
                say!("{}:{index} {}: {why}", path.display(), why.code);
                return Exit::Unreadable;
            }
            Err(why) if matches!(why.code, Code::NotJson | Code::NotUtf8) => {
                records.split(range);
            }
            Ok(()) | Err(_) => {}
        }
    }
    Exit::Fine
}
