//! A secret of the configuration: in its place, or in a file that is named instead.

use std::io::ErrorKind;
use std::path::Path;

use secrecy::SecretString;

/// Why a secret is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFault {
    /// It is given in place and as a file.
    Twice,
    /// The file cannot be read.
    File(ErrorKind),
}

/// The secret; none where neither is given. A file's last line end is not part of it.
///
/// # Errors
/// Where both are given, or the file cannot be read.
pub fn read(
    inline: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, SecretFault> {
    match (inline, file) {
        (Some(_), Some(_)) => Err(SecretFault::Twice),
        (Some(secret), None) => Ok(Some(secret.clone())),
        (None, Some(file)) => match std::fs::read_to_string(file) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).into())),
            Err(error) => Err(SecretFault::File(error.kind())),
        },
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_stands_in_one_place_and_a_files_last_line_end_is_not_part_of_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), " a b\r\n").unwrap();
        let inline = SecretString::from("c\n");
        let text = |secret: Result<Option<SecretString>, SecretFault>| {
            secret.map(|it| it.map(|it| it.expose_secret().to_owned()))
        };
        assert_eq!(text(read(None, None)), Ok(None));
        assert_eq!(text(read(Some(&inline), None)), Ok(Some("c\n".to_owned())));
        assert_eq!(text(read(None, Some(file.path()))), Ok(Some(" a b".to_owned())));
        assert_eq!(text(read(Some(&inline), Some(file.path()))), Err(SecretFault::Twice));
        let gone = read(None, Some(Path::new("nowhere/x")));
        assert_eq!(text(gone), Err(SecretFault::File(ErrorKind::NotFound)));
    }
}
