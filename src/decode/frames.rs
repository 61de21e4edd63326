//! One Kafka value, or one file, cut into the records that it holds.
//!
//! In: bytes, at once or as they come. Out: where each record begins and ends, whether the
//! bytes are an envelope (`{"records": […]}`), an array, lines, or one object. It knows of JSON
//! only brackets and strings, so that a record that is no JSON loses only itself.

use std::ops::Range;

use memchr::{memchr, memchr2};

/// Deeper nesting than this is refused; serde_json's own limit is the same.
pub const MAX_DEPTH: u32 = 128;

/// How many ends of a broken record are tried before the rest of its envelope is given up.
const MAX_TRIES: usize = 64;

/// What stands next in the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A record.
    Frame(Range<usize>),
    /// A second `records` list in one envelope.
    Repeated(Range<usize>),
    /// The bytes end inside a record, and more may come.
    More,
    /// Nothing is left.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between documents.
    Between,
    /// Inside an array of records; `true`: the array of an envelope.
    Elements(bool),
    /// After the array of an envelope, before its closing brace.
    Tail,
    /// A document did not close: from here on, a record is a line.
    Lines,
}

/// Cuts bytes into records. Ranges count from the start of what each call is given.
#[derive(Clone, Debug)]
pub struct Frames {
    state: State,
    at: usize,
}

impl Default for Frames {
    fn default() -> Self {
        Self { state: State::Between, at: 0 }
    }
}

/// How a value ends.
enum End {
    At(usize),
    Open,
}

impl Frames {
    /// How far the bytes have been cut; what lies before may be thrown away with [`Self::drop`].
    pub fn position(&self) -> usize {
        self.at
    }

    /// Tells that the first bytes are no longer there.
    pub fn drop(&mut self, bytes: usize) {
        self.at = self.at.saturating_sub(bytes);
    }

    /// The next record. `whole`: no more bytes will come.
    pub fn next(&mut self, bytes: &[u8], whole: bool) -> Step {
        loop {
            self.at = skip_blank(bytes, self.at);
            let Some(first) = bytes.get(self.at).copied() else {
                return if whole { Step::End } else { Step::More };
            };
            match self.state {
                State::Between => match (first, envelope(bytes, self.at)) {
                    (b'[', _) => {
                        self.at += 1;
                        self.state = State::Elements(false);
                    }
                    (b'{', Some(inside)) => {
                        self.at = inside;
                        self.state = State::Elements(true);
                    }
                    // The start of an envelope may be cut off.
                    (b'{', None) if !whole && bytes.len() - self.at < 64 => return Step::More,
                    _ => return self.document(bytes, whole),
                },
                State::Elements(enveloped) => match first {
                    b',' => self.at += 1,
                    b']' => {
                        self.at += 1;
                        self.state = if enveloped { State::Tail } else { State::Between };
                    }
                    _ => return self.element(bytes, whole),
                },
                State::Tail => {
                    let start = self.at;
                    match value_end(bytes, start, 1) {
                        End::Open if !whole => return Step::More,
                        End::Open => self.at = bytes.len(),
                        End::At(end) => self.at = end,
                    }
                    self.state = State::Between;
                    let tail = bytes.get(start..self.at).unwrap_or_default();
                    if memchr::memmem::find(tail, b"\"records\"").is_some() {
                        return Step::Repeated(start..self.at);
                    }
                }
                State::Lines => return self.line(bytes, whole),
            }
        }
    }

    /// A record that turned out to be no JSON may have swallowed its neighbours: goes back to
    /// the first place in it where a sound record may begin, and gives the shorter range.
    pub fn split(&mut self, bytes: &[u8], bad: Range<usize>) -> Range<usize> {
        if !matches!(self.state, State::Elements(_) | State::Tail | State::Between) {
            return bad;
        }
        let mut from = bad.start;
        for _ in 0..MAX_TRIES {
            let Some(boundary) = boundary(bytes, from, bad.end) else { return bad };
            let next = skip_blank(bytes, boundary + 1);
            if let End::At(end) = value_end(bytes, next, 0)
                && matches!(bytes.get(skip_blank(bytes, end)), Some(b',' | b']'))
            {
                self.at = next;
                self.state = match self.state {
                    State::Elements(enveloped) => State::Elements(enveloped),
                    _ => State::Elements(true),
                };
                return bad.start..boundary;
            }
            from = boundary + 1;
        }
        bad
    }

    fn document(&mut self, bytes: &[u8], whole: bool) -> Step {
        let start = self.at;
        match value_end(bytes, start, 0) {
            End::At(end) => {
                self.at = end;
                Step::Frame(start..end)
            }
            End::Open if !whole => Step::More,
            End::Open => {
                self.state = State::Lines;
                self.line(bytes, whole)
            }
        }
    }

    fn element(&mut self, bytes: &[u8], whole: bool) -> Step {
        let start = self.at;
        match value_end(bytes, start, 0) {
            End::At(end) if end > start => {
                self.at = end;
                Step::Frame(start..end)
            }
            End::Open if !whole => Step::More,
            _ => {
                self.at = bytes.len();
                let shorter = self.split(bytes, start..bytes.len());
                Step::Frame(shorter)
            }
        }
    }

    fn line(&mut self, bytes: &[u8], whole: bool) -> Step {
        let start = self.at;
        let rest = bytes.get(start..).unwrap_or_default();
        match memchr(b'\n', rest) {
            Some(length) => self.at = start + length + 1,
            None if !whole => return Step::More,
            None => self.at = bytes.len(),
        }
        let line = bytes.get(start..self.at).unwrap_or_default().trim_ascii_end();
        Step::Frame(start..start + line.len())
    }

    /// Gives up waiting for the end of a record: it is cut at its first line's end, or whole.
    pub fn give_up(&mut self, bytes: &[u8]) -> Step {
        match self.state {
            State::Elements(_) => self.element(bytes, true),
            _ => {
                self.state = State::Lines;
                self.line(bytes, true)
            }
        }
    }
}

/// Where the records of an envelope begin, if `at` is the start of one.
fn envelope(bytes: &[u8], at: usize) -> Option<usize> {
    let key = skip_blank(bytes, at + 1);
    let rest = bytes.get(key..)?;
    let after_key = rest.strip_prefix(b"\"records\"")?;
    let colon = skip_blank(after_key, 0);
    let after_colon = after_key.get(colon..)?.strip_prefix(b":")?;
    let list = skip_blank(after_colon, 0);
    let inside = after_colon.get(list..)?.strip_prefix(b"[")?;
    Some(bytes.len() - inside.len())
}

/// The next `}` that is followed by a comma and another object.
fn boundary(bytes: &[u8], from: usize, end: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr(b'}', bytes.get(at..end)?)? + 1;
        let comma = skip_blank(bytes, at);
        if bytes.get(comma) == Some(&b',')
            && bytes.get(skip_blank(bytes, comma + 1)) == Some(&b'{')
            && comma < end
        {
            return Some(comma);
        }
    }
}

fn skip_blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// Where the value that begins at `at` ends; with `depth` brackets already open, where the
/// last of them closes.
fn value_end(bytes: &[u8], at: usize, depth: u32) -> End {
    let mut depth = depth;
    let mut i = at;
    while let Some(byte) = bytes.get(i) {
        match byte {
            b'"' => match string_end(bytes, i + 1) {
                Some(end) => {
                    i = end;
                    if depth == 0 {
                        return End::At(i);
                    }
                    continue;
                }
                None => return End::Open,
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return End::At(i + usize::from(depth == 1)),
            b'}' | b']' => depth -= 1,
            b',' | b'\n' if depth == 0 => return End::At(i),
            _ => {}
        }
        i += 1;
    }
    if depth == 0 { End::At(bytes.len()) } else { End::Open }
}

/// Just after the quote that closes a string whose text begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(at) {
            Some(b'"') => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// What a look at a record's outermost keys tells, without reading it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Deeper than [`MAX_DEPTH`].
    pub too_deep: bool,
    /// Has a key `service`.
    pub service: bool,
    /// Has a key `tenant`.
    pub tenant: bool,
    /// Has a key `category`, `operationName` or `resourceId`.
    pub named: bool,
    /// Has a key `time`, `timeStamp`, `eventTimestamp` or `properties`.
    pub dated: bool,
}

/// Looks at a record's brackets and outermost keys.
pub fn outline(record: &[u8]) -> Outline {
    let mut outline = Outline::default();
    let mut depth = 0u32;
    let mut key_next = false;
    let mut i = 0;
    while let Some(byte) = record.get(i) {
        match byte {
            b'"' => {
                let Some(end) = string_end(record, i + 1) else { return outline };
                if depth == 1 && key_next {
                    match record.get(i + 1..end - 1).unwrap_or_default() {
                        b"service" => outline.service = true,
                        b"tenant" => outline.tenant = true,
                        b"category" | b"operationName" | b"resourceId" => outline.named = true,
                        b"time" | b"timeStamp" | b"eventTimestamp" | b"properties" => {
                            outline.dated = true;
                        }
                        _ => {}
                    }
                    key_next = false;
                }
                i = end;
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                key_next = depth == 1;
                if depth > MAX_DEPTH {
                    outline.too_deep = true;
                    return outline;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => key_next = true,
            _ => {}
        }
        i += 1;
    }
    outline
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        let mut frames = Frames::default();
        let mut found = Vec::new();
        loop {
            match frames.next(text.as_bytes(), true) {
                Step::Frame(range) => {
                    // As the pipeline does: a record that is no JSON is looked at again.
                    let sound = serde_json::from_str::<serde::de::IgnoredAny>(&text[range.clone()]);
                    let range = match sound {
                        Ok(_) => range,
                        Err(_) => frames.split(text.as_bytes(), range),
                    };
                    found.push(&text[range]);
                }
                Step::Repeated(range) => found.push(&text[range]),
                Step::More => panic!("more than all?"),
                Step::End => return found,
            }
        }
    }

    #[test]
    fn all_four_wrappings_of_azure_monitor_are_cut() {
        assert_eq!(cut(r#"{"records":[{"a":1},{"b":[2]}]}"#), [r#"{"a":1}"#, r#"{"b":[2]}"#]);
        assert_eq!(
            cut("{ \"records\" : [\n {\"a\":1} ,\n {\"b\":2}\n] }\n"),
            [r#"{"a":1}"#, r#"{"b":2}"#]
        );
        assert_eq!(cut(r#" [{"a":1}, {"b":2}] "#), [r#"{"a":1}"#, r#"{"b":2}"#]);
        assert_eq!(
            cut("{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}"),
            [r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]
        );
        assert_eq!(cut(r#"{"a":"}]\"{"}"#), [r#"{"a":"}]\"{"}"#]);
        assert_eq!(cut(r#"{"records":[]}"#), [""; 0]);
        assert_eq!(
            cut("{\"records\":[{\"a\":1}]}\n{\"records\":[{\"b\":2}]}"),
            [r#"{"a":1}"#, r#"{"b":2}"#]
        );
    }

    #[test]
    fn one_bad_record_of_an_envelope_loses_only_itself() {
        let single_quotes = r#"{"records":[{"a":1},{'b': 'it}'},{"c":3}]}"#;
        assert_eq!(cut(single_quotes).last(), Some(&r#"{"c":3}"#));
        let odd_quote = r#"{"records":[{"a":1},{'b': 'say "'},{"c":"x"},{"d":4}]}"#;
        assert_eq!(
            cut(odd_quote),
            [r#"{"a":1}"#, r#"{'b': 'say "'}"#, r#"{"c":"x"}"#, r#"{"d":4}"#]
        );
        let scalar = r#"{"records":[1,null,"x",{"c":3}]}"#;
        assert_eq!(cut(scalar), ["1", "null", r#""x""#, r#"{"c":3}"#]);
        let cut_off = r#"{"records":[{"a":1},{"b":"#;
        assert_eq!(cut(cut_off), [r#"{"a":1}"#, r#"{"b":"#]);
    }

    #[test]
    fn a_line_that_does_not_close_loses_only_itself() {
        assert_eq!(cut("{\"a\":\n{\"b\":2}\n{\"c\":3}"), [r#"{"a":"#, r#"{"b":2}"#, r#"{"c":3}"#]);
    }

    #[test]
    fn bytes_that_come_in_pieces_are_cut_like_bytes_that_come_at_once() {
        let texts = [
            r#"{"records":[{"a":"x"},{"b":[2,{"c":"\""}]}], "more": {"x": 1}}"#,
            "[{\"a\":1}\n,{\"b\":2}]",
            "{\"a\":1}\n{\"b\":2}\n",
        ];
        for text in texts {
            for piece in 1..text.len() {
                let mut frames = Frames::default();
                let mut given = 0;
                let mut found = Vec::new();
                loop {
                    match frames.next(&text.as_bytes()[..given], given == text.len()) {
                        Step::Frame(range) => found.push(text[range].to_owned()),
                        Step::More => given = (given + piece).min(text.len()),
                        Step::Repeated(_) => panic!("not here"),
                        Step::End => break,
                    }
                }
                assert_eq!(found, cut(text), "{text} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_second_list_of_records_does_not_win_silently() {
        let text = br#"{"records":[{"a":1}],"records":[{"b":2}]}"#;
        let mut frames = Frames::default();
        assert!(matches!(frames.next(text, true), Step::Frame(_)));
        assert!(matches!(frames.next(text, true), Step::Repeated(_)));
        assert_eq!(frames.next(text, true), Step::End);
    }

    #[test]
    fn an_outline_sees_outermost_keys_alone() {
        let seen = outline(br#"{"service":"a","x":{"tenant":1},"y":["category"],"time":2}"#);
        assert_eq!(seen, Outline { service: true, dated: true, ..Outline::default() });
        let deep = [b"{\"a\":".repeat(129), b"1".to_vec(), b"}".repeat(129)].concat();
        assert!(outline(&deep).too_deep);
    }
}
