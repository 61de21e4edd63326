//! Secrets and variables: what may stand in the file, and what of it may be shown.
//!
//! A fault is drawn with lines of the file around it, and any of them may hold a secret under
//! a mistyped key. So nothing is shown but what is known to be harmless: known keys, and the
//! values of settings that are no secrets.

use crate::yaml::{Faults, Node, Span, Value, suggest};

/// Keys whose values may be shown.
const HARMLESS: &[&str] = &[
    "allow",
    "at_rest",
    "bearer_token_file",
    "brokers",
    "ca_file",
    "catalog",
    "certificate_file",
    "cloud",
    "completed",
    "country",
    "created",
    "created_via",
    "dashboards",
    "file",
    "format",
    "group",
    "id",
    "intune_geography",
    "key_file",
    "key_password_file",
    "legacy_placement",
    "level",
    "listen",
    "location",
    "locations",
    "max_age",
    "max_record_bytes",
    "mechanism",
    "name",
    "password_file",
    "pattern",
    "presume_purpose",
    "processing",
    "profile",
    "publish",
    "quiet",
    "refresh",
    "request_period_ended",
    "secret_file",
    "subject_key_file",
    "subscription_ended",
    "target",
    "tenants",
    "token_file",
    "topic",
    "topics",
    "workers",
];

/// Further keys of the configuration: they may be shown, their values may not.
const OTHERS: &[&str] = &[
    "alert",
    "alertmanager",
    "application_proxy",
    "auth",
    "basic",
    "basic_auth",
    "bearer",
    "bearer_token",
    "capabilities",
    "cdn",
    "dead_letters",
    "http",
    "inline",
    "inputs",
    "kafka",
    "key_password",
    "librdkafka",
    "limits",
    "log",
    "migration",
    "multi_geo",
    "multi_tenant_collaboration",
    "outputs",
    "password",
    "places",
    "sasl",
    "secret",
    "sinks",
    "subject_key",
    "tls",
    "token",
    "url",
    "urls",
    "username",
    "verdicts",
    "violations",
    "webhook",
];

/// Settings that are secrets.
const SECRET: [&str; 6] =
    ["bearer_token", "password", "key_password", "secret", "subject_key", "token"];

/// Stands for a secret that is faulty, so that what is left can be read on.
pub(super) const STAND_IN: &str = "*";

/// Takes what must not be in the file out of the tree, each with a fault, and puts the values
/// of variables in.
pub(super) fn resolve(
    root: &mut Node,
    faults: &mut Faults,
    environment: &dyn Fn(&str) -> Option<String>,
) {
    Resolver { faults, environment }.node(root, "");
}

struct Resolver<'a> {
    faults: &'a mut Faults,
    environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Resolver<'_> {
    fn node(&mut self, node: &mut Node, key: &str) {
        let at = node.span.clone();
        match &mut node.value {
            Value::Map(entries) => {
                entries.retain(|(name, span, value)| {
                    let shown = shows_key(key, name, value);
                    if !shown {
                        // The key itself may be the secret: `password:hunter2` without a space
                        // is a key to YAML.
                        let help = "a key and its value are parted by a colon and a space";
                        self.faults.add(span, "unknown key, not shown", Some(help.into()));
                    }
                    shown
                });
                for (name, _, value) in entries {
                    self.node(value, name);
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.node(item, key)),
            Value::Null => {}
            _ if SECRET.contains(&key) => self.secret(node, key),
            Value::Text(text) => match self.expand(text) {
                Ok(expanded) => *text = expanded,
                Err(message) => self.faults.add(&at, message, None),
            },
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    fn secret(&mut self, node: &mut Node, key: &str) {
        let at = node.span.clone();
        let text = match &node.value {
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let fault = match name.filter(|name| is_name(name)) {
            None => {
                let help = format!("write `{key}: ${{NAME}}`, or `{key}_file` and a path");
                ("a secret must not stand in the file".to_owned(), Some(help))
            }
            Some(name) => match (self.environment)(name).filter(|value| !value.is_empty()) {
                Some(value) => {
                    node.value = Value::Text(value);
                    return;
                }
                None => (unset(name), None),
            },
        };
        node.value = Value::Text(STAND_IN.to_owned());
        self.faults.add(&at, fault.0, fault.1);
    }

    /// Puts variables in; `$${` stands for a literal `${`.
    fn expand(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str("${");
                rest = after;
                continue;
            }
            expanded.push_str(before);
            let (name, after) = after
                .split_once('}')
                .filter(|(name, _)| is_name(name))
                .ok_or("`${` is not followed by a variable's name and `}`")?;
            expanded.push_str(&(self.environment)(name).ok_or_else(|| unset(name))?);
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

fn unset(name: &str) -> String {
    format!("the environment variable {name} is not set")
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// Whether a key may be shown: it looks like one, and is known, or nearly, or has a value.
fn shows_key(parent: &str, key: &str, value: &Node) -> bool {
    let known = || OTHERS.iter().chain(HARMLESS).copied();
    let shaped = key.len() <= 64
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    let bare = matches!(value.value, Value::Null);
    let close = || known().any(|name| name == key) || suggest(key, known()).is_some();
    shaped && (close() || (!bare && !["sasl", "tls"].contains(&parent)))
}

/// The file's text with everything replaced by asterisks that is not known to be harmless.
/// Positions stay as they are.
pub(super) fn hide(text: &str, root: Option<&Node>) -> String {
    let mut shown = vec![false; text.len()];
    match root {
        Some(root) => {
            let mut scalars = Vec::new();
            show_known(root, "", text, &mut shown, &mut scalars);
            show_punctuation(text, &mut shown, &scalars);
        }
        None => show_keys_of_lines(text, &mut shown),
    }
    text.char_indices()
        .flat_map(|(at, character)| {
            let keep = character.is_whitespace() || shown.get(at).copied().unwrap_or_default();
            // As many asterisks as bytes.
            let width = if keep { 0 } else { character.len_utf8() };
            keep.then_some(character).into_iter().chain(std::iter::repeat_n('*', width))
        })
        .collect()
}

fn show(shown: &mut [bool], span: &Span) {
    if let Some(range) = shown.get_mut(span.clone()) {
        range.fill(true);
    }
}

fn show_known(node: &Node, key: &str, text: &str, shown: &mut [bool], scalars: &mut Vec<Span>) {
    match &node.value {
        Value::Map(entries) => {
            for (name, span, value) in entries {
                scalars.push(span.clone());
                if shows_key(key, name, value) {
                    show(shown, span);
                }
                show_known(value, name, text, shown, scalars);
            }
        }
        Value::List(items) => {
            for item in items {
                show_known(item, key, text, shown, scalars);
            }
        }
        _ => {
            scalars.push(node.span.clone());
            // A connection string has an `=` in it, and an address with a password an `@`.
            let plain = text.get(node.span.clone()).is_some_and(|it| !it.contains(['=', '@']));
            if plain && HARMLESS.contains(&key) {
                show(shown, &node.span);
            }
        }
    }
}

/// Shows what holds maps and lists together, but only on lines where a key or value begins:
/// others may go on with a value of several lines.
fn show_punctuation(text: &str, shown: &mut [bool], scalars: &[Span]) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let here = || scalars.iter().filter(|span| (start..end).contains(&span.start));
        if here().next().is_some() {
            for (at, byte) in (start..end).zip(line.bytes()) {
                let inside = here().any(|span| span.contains(&at));
                if !inside && b"{}[],:-".contains(&byte) {
                    show(shown, &(at..at + 1));
                }
            }
        }
        start = end;
    }
}

/// Where a variable stands without quotes inside a map in braces, which YAML cannot read.
pub(super) fn unquoted_variable(text: &str) -> Option<Span> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let variable = line.find(": ${").map(|at| at + 2);
        if let Some(at) = variable
            && line.get(..at).is_some_and(|before| before.replace("${", "").contains('{'))
        {
            return Some(start + at..start + at + 2);
        }
        start += line.len();
    }
    None
}

/// For text that is no YAML: of each line, the key that it begins with, if it is a known one.
fn show_keys_of_lines(text: &str, shown: &mut [bool]) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '-']).len();
        let rest = line.get(indent..).unwrap_or_default();
        if let Some((key, _)) = rest.split_once(':')
            && OTHERS.iter().chain(HARMLESS).any(|known| *known == key)
        {
            show(shown, &(start..start + indent + key.len() + 1));
        }
        start += line.len();
    }
}

#[cfg(test)]
pub(super) fn known_keys() -> impl Iterator<Item = &'static str> {
    OTHERS.iter().chain(HARMLESS).copied()
}
