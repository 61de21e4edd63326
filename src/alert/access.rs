//! What a receiver asks for before it listens: a password or a token, and whom to trust.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::config::{AlertFault, Alertmanager};
use crate::position::base64;
use crate::secret::{self, SecretFault};

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
        let has_token = self.bearer_token.is_some() || self.bearer_token_file.is_some();
        let given = match &self.basic_auth {
            Some(_) if has_token => return Err(AlertFault::Credentials),
            Some(basic) => {
                let password = sendable(&basic.password, &basic.password_file)?;
                let password = password.ok_or(AlertFault::Password)?;
                if basic.username.contains(':') {
                    return Err(AlertFault::Unusable);
                }
                let both = format!("{}:{}", basic.username, password.expose_secret());
                format!("Basic {}", base64(both.as_bytes()))
            }
            None => match sendable(&self.bearer_token, &self.bearer_token_file)? {
                Some(token) => format!("Bearer {}", token.expose_secret()),
                None => return Ok(None),
            },
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

/// A secret that becomes part of a header; none where none is given.
fn sendable(
    inline: &Option<SecretString>,
    file: &Option<PathBuf>,
) -> Result<Option<SecretString>, AlertFault> {
    let secret = secret::read(inline.as_ref(), file.as_deref()).map_err(|fault| match fault {
        SecretFault::Twice => AlertFault::Credentials,
        SecretFault::File(kind) => AlertFault::File(kind),
    })?;
    let fits = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_control());
    match secret {
        Some(secret) if !fits(secret.expose_secret()) => Err(AlertFault::Unusable),
        secret => Ok(secret),
    }
}
