//! The path of a Graph request, fit to be looked up.
//!
//! In: a request's URI. Out: its path from the first segment after host, version and tenant,
//! without the query. It does not know which service answers a path; and a segment that can
//! name a person leaves as `*`, which the path table reads as any one segment.

use std::borrow::Cow;

/// The part of `uri` that says what was asked for. `tenant` is skipped where the path starts
/// with it, which only Azure AD Graph paths do (`tenant_in_path`).
pub(super) fn of<'a>(uri: &'a str, tenant: &str, tenant_in_path: bool) -> Cow<'a, str> {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let mut rest = match path.split_once("://") {
        Some((_, after)) => after.split_once('/').map_or("", |(_host, path)| path),
        None => path,
    }
    .trim_matches('/');
    let (mut version, mut named) = (false, false);
    loop {
        let (first, after) = rest.split_once('/').unwrap_or((rest, ""));
        if !version && is_version(first) {
            version = true;
        } else if !named && is_tenant(first, tenant, tenant_in_path) {
            named = true;
        } else {
            break;
        }
        rest = after.trim_start_matches('/');
    }
    if rest.bytes().all(|byte| is_plain(byte) || byte == b'/') {
        Cow::Borrowed(rest)
    } else {
        Cow::Owned(without_persons(rest))
    }
}

/// `v1.0`, `beta`, `v2`, `1.6`, `1.61-internal`.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix(['v', 'V']).unwrap_or(segment);
    let number = number.strip_suffix("-internal").unwrap_or(number);
    segment.eq_ignore_ascii_case("beta")
        || (number.bytes().any(|byte| byte.is_ascii_digit())
            && number.len() <= 6
            && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

fn is_tenant(segment: &str, tenant: &str, tenant_in_path: bool) -> bool {
    if segment.eq_ignore_ascii_case("myorganization") {
        return true;
    }
    // A domain names the tenant as well as its id does.
    tenant_in_path
        && (is_guid(segment)
            || (!segment.is_empty() && segment.eq_ignore_ascii_case(tenant))
            || (segment.contains('.') && !segment.contains(['(', '\'', '@', '<'])))
}

fn is_guid(segment: &str) -> bool {
    segment.len() == 36
        && segment.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Bytes of names and ids that the Graph itself gives out.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.' | b'-' | b'(' | b')')
}

/// The path with `*` for every segment that is more than plain, and for every quoted key.
fn without_persons(path: &str) -> String {
    const MARKED: (&str, &str) = ("<pii>", "</pii>");
    let mut clean = String::with_capacity(path.len());
    let mut rest = path;
    loop {
        let start = clean.len();
        let mut plain = true;
        // One segment. A slash inside quotes or a marked part does not end it.
        let ended = loop {
            let Some(next) = rest.chars().next() else { break false };
            let after = rest.get(next.len_utf8()..).unwrap_or_default();
            rest = match next {
                '/' => {
                    rest = after;
                    break true;
                }
                '\'' => {
                    clean.push_str("'*'");
                    after.split_once('\'').map_or("", |(_, after)| after)
                }
                '<' if rest.starts_with(MARKED.0) => {
                    plain = false;
                    rest.split_once(MARKED.1).map_or("", |(_, after)| after)
                }
                // From a colon on, it is the path of somebody's file.
                ':' => {
                    plain = false;
                    ""
                }
                _ => {
                    plain &= next.is_ascii() && (is_plain(next as u8) || matches!(next, '=' | ','));
                    clean.push(next);
                    after
                }
            };
        };
        if !plain {
            clean.truncate(start);
            clean.push('*');
        }
        if !ended {
            return clean;
        }
        clean.push('/');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "0f2e1d3c-0000-4000-8000-00000000c0de";

    #[test]
    fn host_version_tenant_and_query_do_not_count() {
        for (uri, path) in [
            ("https://graph.microsoft.com/v1.0/users?$filter=x", "users"),
            (
                "https://graph.microsoft.com/beta/deviceManagement/managedDevices",
                "deviceManagement/managedDevices",
            ),
            ("https://graph.microsoft.com/v1.0/me/", "me"),
            ("https://graph.microsoft.com/v1.0/$batch", "$batch"),
            ("https://graph.microsoft.com/v1.0", ""),
            ("https://graph.microsoft.com", ""),
            ("https://graph.microsoft.com/", ""),
            ("https://graph.microsoft.com//v1.0//users", "users"),
            ("/v1.0/users", "users"),
            ("users/delta()", "users/delta()"),
            ("", ""),
        ] {
            assert_eq!(of(uri, TENANT, false), path, "{uri}");
            assert!(matches!(of(uri, TENANT, false), Cow::Borrowed(_)), "{uri}");
        }
    }

    #[test]
    fn azure_ad_graph_names_the_tenant_before_or_after_the_version() {
        for uri in [
            "/v2/0F2E1D3C-0000-4000-8000-00000000C0DE/users",
            "/0f2e1d3c-0000-4000-8000-00000000c0de/users?api-version=1.6",
            "https://graph.windows.net/contoso.example/users",
            "https://graph.windows.net/myorganization/1.61-internal/users",
            "/v2/22222222-2222-2222-2222-222222222222/users",
        ] {
            assert_eq!(of(uri, TENANT, true), "users", "{uri}");
        }
        assert_eq!(of("/v2/not-a-guid/users", "not-a-guid", true), "users");
        assert_eq!(of("/v1.0/22222222-2222-2222-2222-222222222222", TENANT, false).len(), 36);
    }

    #[test]
    fn a_segment_that_can_name_a_person_becomes_a_star() {
        for (uri, path) in [
            ("/v1.0/users/alice@contoso.example/memberOf", "users/*/memberOf"),
            ("/v1.0/users/alice%40contoso.example/memberOf", "users/*/memberOf"),
            ("/v1.0/users('alice@contoso.example')/memberOf", "users('*')/memberOf"),
            (
                "/v1.0/users(userPrincipalName='alice/x')/memberOf",
                "users(userPrincipalName='*')/memberOf",
            ),
            ("/v2/t.example/users/<pii>Alice</pii>@contoso.example/memberOf", "users/*/memberOf"),
            ("/v1.0/users/<pii>Alice", "users/*"),
            ("/v1.0/users/'alice", "users/'*'"),
            ("/v1.0/me/drive/root:/Alice/pay.xlsx", "me/drive/*"),
            ("/v1.0/reports/getReport(period='D7')", "reports/getReport(period='*')"),
            ("/v1.0/users/ålice/photo", "users/*/photo"),
        ] {
            assert_eq!(of(uri, TENANT, uri.starts_with("/v2")), path, "{uri}");
        }
    }
}
