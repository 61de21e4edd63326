//! What a receiver asks for before it listens: a password or a token, and whom to trust.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::config::{AlertFault, Alertmanager};
use crate::position::base64;

/// A name and a password, for a proxy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The name.
    pub username: String,
    /// The password: `${NAME}` only.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// File that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

impl Alertmanager {
    /// The header that a proxy asks for.
    pub(super) fn authorization(&self) -> Result<Option<SecretString>, AlertFault> {
        let token = secret(&self.bearer_token, &self.bearer_token_file);
        let given = match (&self.basic_auth, token) {
            (None, None) => return Ok(None),
            (Some(basic), None) => {
                let password = secret(&basic.password, &basic.password_file);
                let password = password.ok_or(AlertFault::Password)??;
                if basic.username.contains(':') {
                    return Err(AlertFault::Unusable);
                }
                let both = format!("{}:{}", basic.username, password.expose_secret());
                format!("Basic {}", base64(both.as_bytes()))
            }
            (None, Some(token)) => format!("Bearer {}", token?.expose_secret()),
            (Some(_), Some(_)) => return Err(AlertFault::Credentials),
        };
        Ok(Some(format!("Authorization: {given}").into()))
    }

    /// Every fault of what is asked for, with its key.
    pub(super) fn access_faults(&self) -> Vec<(&'static str, AlertFault)> {
        let authorization = self.authorization().err().map(|fault| {
            let key = if self.basic_auth.is_some() {
                "basic_auth"
            } else if self.bearer_token_file.is_some() {
                "bearer_token_file"
            } else {
                "bearer_token"
            };
            (key, fault)
        });
        authorization.into_iter().chain(ca_fault(self.ca_file.as_deref())).collect()
    }
}

/// The fault of a file of certificate authorities, with its key.
pub(super) fn ca_fault(file: Option<&Path>) -> Option<(&'static str, AlertFault)> {
    let fault = match std::fs::read_to_string(file?) {
        Err(error) => AlertFault::File(error.kind()),
        Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => return None,
        Ok(_) => AlertFault::Certificate,
    };
    Some(("ca_file", fault))
}

/// A secret in place or in a file; none where neither is given.
fn secret(
    inline: &Option<SecretString>,
    file: &Option<PathBuf>,
) -> Option<Result<SecretString, AlertFault>> {
    let text = match (inline, file) {
        (None, None) => return None,
        (Some(_), Some(_)) => return Some(Err(AlertFault::Credentials)),
        (Some(secret), None) => secret.expose_secret().to_owned(),
        (None, Some(file)) => match std::fs::read_to_string(file) {
            Ok(text) => text.trim_end_matches(['\r', '\n']).to_owned(),
            Err(error) => return Some(Err(AlertFault::File(error.kind()))),
        },
    };
    // It becomes part of a header.
    let usable = !text.is_empty() && !text.contains(|c: char| c.is_control());
    Some(if usable { Ok(text.into()) } else { Err(AlertFault::Unusable) })
}
