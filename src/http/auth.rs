//! Who may see the status page and the metrics: a password or a token, compared by digest.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use axum::http::HeaderValue;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::position::base64;
use crate::secret::{self, SecretFault};

/// What a request must bring; either will do where both are given.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// A name and a password, as browsers ask for them.
    pub basic: Option<Basic>,
    /// A token, as scrapers send it.
    pub bearer: Option<Bearer>,
}

/// A name and a password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The name.
    pub username: String,
    /// The password: `${NAME}` only.
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
}

/// A token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bearer {
    /// The token: `${NAME}` only.
    #[schemars(with = "Option<String>")]
    pub token: Option<SecretString>,
    /// File that holds the token.
    pub token_file: Option<PathBuf>,
}

/// Why nobody could be let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFault {
    /// Nothing is asked for.
    #[error("neither `basic` nor `bearer` is given")]
    Nothing,
    /// A secret is missing, or given twice.
    #[error("give `{key}` or `{key}_file`, and one of them only")]
    OneSecret {
        /// Its key.
        key: &'static str,
    },
    /// A secret's file cannot be read.
    #[error("the file of `{key}` cannot be read: {kind}")]
    File {
        /// The secret's key.
        key: &'static str,
        /// What the system says.
        kind: ErrorKind,
    },
    /// A secret is empty, or a name has a colon in it.
    #[error("`{key}` cannot be used: it is empty, or the name has a colon")]
    Unusable {
        /// The secret's key.
        key: &'static str,
    },
}

impl AuthFault {
    /// Where in `http` the fault is.
    pub fn path(&self) -> &'static str {
        match self {
            Self::Nothing => "auth",
            Self::OneSecret { key } | Self::File { key, .. } | Self::Unusable { key } => match *key
            {
                "password" => "auth.basic",
                _ => "auth.bearer",
            },
        }
    }
}

impl Auth {
    /// Reads the secrets.
    ///
    /// # Errors
    /// The first of them that is not to be had.
    pub fn guard(self, directory: &Path) -> Result<Guard, AuthFault> {
        let mut guard = Guard { basic: None, bearer: None };
        if let Some(it) = self.basic {
            let password = secret("password", it.password, it.password_file, directory)?;
            if it.username.is_empty() || it.username.contains(':') {
                return Err(AuthFault::Unusable { key: "password" });
            }
            let both = format!("{}:{}", it.username, password.expose_secret());
            guard.basic = Some(digest(&base64(both.as_bytes())));
        }
        if let Some(it) = self.bearer {
            let token = secret("token", it.token, it.token_file, directory)?;
            guard.bearer = Some(digest(token.expose_secret()));
        }
        match guard {
            Guard { basic: None, bearer: None } => Err(AuthFault::Nothing),
            guard => Ok(guard),
        }
    }
}

fn secret(
    key: &'static str,
    inline: Option<SecretString>,
    file: Option<PathBuf>,
    directory: &Path,
) -> Result<SecretString, AuthFault> {
    let file = file.map(|file| directory.join(file));
    match secret::read(inline.as_ref(), file.as_deref()) {
        Ok(Some(secret)) if secret.expose_secret().is_empty() => Err(AuthFault::Unusable { key }),
        Ok(Some(secret)) => Ok(secret),
        Ok(None) | Err(SecretFault::Twice) => Err(AuthFault::OneSecret { key }),
        Err(SecretFault::File(kind)) => Err(AuthFault::File { key, kind }),
    }
}

type Hash = [u8; 32];

/// What is let in, as digests: how long comparing takes says nothing of the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Guard {
    basic: Option<Hash>,
    bearer: Option<Hash>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl Guard {
    /// Whether a request with this `Authorization` may go on.
    pub fn admits(&self, authorization: Option<&str>) -> bool {
        let Some((scheme, given)) = authorization.and_then(|it| it.split_once(' ')) else {
            return false;
        };
        let wanted = if scheme.eq_ignore_ascii_case("basic") {
            self.basic
        } else if scheme.eq_ignore_ascii_case("bearer") {
            self.bearer
        } else {
            None
        };
        wanted == Some(digest(given.trim()))
    }

    /// What a refusal asks for.
    pub fn challenge(&self) -> HeaderValue {
        HeaderValue::from_static(match self.basic {
            Some(_) => "Basic realm=\"bailiwick\", charset=\"UTF-8\"",
            None => "Bearer realm=\"bailiwick\"",
        })
    }
}

fn digest(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_secret_in_the_right_scheme_is_let_in() {
        let auth: Auth = serde_json::from_str(
            r#"{"basic": {"username": "ops", "password": "p:w"}, "bearer": {"token": "t0"}}"#,
        )
        .unwrap();
        let guard = auth.guard(Path::new("")).unwrap();
        let basic = format!("basic {}", base64(b"ops:p:w"));
        for good in [basic.as_str(), "Bearer t0", "BEARER t0"] {
            assert!(guard.admits(Some(good)), "{good}");
        }
        for bad in ["Basic t0", "Bearer", "Bearer ", "Bearer t00", "Basic b3BzOg==", "t0", ""] {
            assert!(!guard.admits(Some(bad)), "{bad}");
        }
        assert!(!guard.admits(None));
        assert_eq!(format!("{guard:?}"), "Guard");
    }

    #[test]
    fn secrets_that_are_missing_twice_there_or_empty_are_faults() {
        for (text, path) in [
            ("{}", "auth"),
            (r#"{"basic": {"username": "a"}}"#, "auth.basic"),
            (r#"{"basic": {"username": "a:b", "password": "c"}}"#, "auth.basic"),
            (r#"{"bearer": {"token": "a", "token_file": "b"}}"#, "auth.bearer"),
            (r#"{"bearer": {"token": ""}}"#, "auth.bearer"),
            (r#"{"bearer": {"token_file": "/nowhere/at/all"}}"#, "auth.bearer"),
        ] {
            let auth: Auth = serde_json::from_str(text).unwrap();
            assert_eq!(auth.guard(Path::new("")).unwrap_err().path(), path, "{text}");
        }
    }
}
