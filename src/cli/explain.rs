//! `explain`: one event of a file, as a tree.

use crate::code::Code;
use crate::explain::explain;
use crate::pipeline::Outcome;

use super::arguments::ExplainArguments;
use super::input::{Found, Input};
use super::loading::{Judging, MAX_RECORD_BYTES};
use super::{Exit, loading};

pub(super) fn run(arguments: &ExplainArguments) -> Exit {
    let Judging { mut pipeline, program, .. } = match loading::judging(&arguments.records) {
        Ok(judging) => judging,
        Err(exit) => return exit,
    };
    let path = &arguments.file;
    let failed = |error: std::io::Error| {
        eprintln!("bailiwick: {} cannot be read: {error}", path.display());
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
                eprintln!("bailiwick: {} has no record {}", path.display(), arguments.index);
                return Exit::Unreadable;
            }
            Err(error) => return failed(error),
        };
        let range = match found {
            Found::Record(range) => range,
            Found::Repeated(_) => {
                eprintln!("{}:{index} {}", path.display(), Code::DuplicateKey);
                return Exit::Unreadable;
            }
        };
        let raw = records.bytes(range.clone());
        let mut tree = String::new();
        let wanted = index == arguments.index;
        let read = pipeline.frame(index as u32, raw, &mut |outcome| {
            if let (true, Outcome::Judged(judged)) = (wanted, outcome) {
                tree = explain(&program, &judged);
            }
        });
        match read {
            Ok(()) if wanted => {
                print!("{tree}");
                return Exit::Fine;
            }
            Err(why) if wanted => {
                eprintln!("{}:{index} {}: {why}", path.display(), why.code);
                return Exit::Unreadable;
            }
            Err(why) if why.code == Code::NotJson => {
                records.split(range);
            }
            Ok(()) | Err(_) => {}
        }
    }
    Exit::Fine
}
