//! Where catalog files come from: the binary itself, then the user's directories.

use std::path::{Path, PathBuf};

/// One file of a layer.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its name, as faults show it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A set of files that is read as one, over the layers before it.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Whether it is the one in the binary.
    pub builtin: bool,
    /// Its files, in order of their names.
    pub files: Vec<SourceFile>,
}

/// A layer that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("the catalog directory {} cannot be read: {error}", path.display())]
pub struct LayerError {
    /// The directory or file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub error: std::io::Error,
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/catalog/", $name)))),*]
    };
}

impl Layer {
    /// The catalog in the binary.
    pub fn builtin() -> Self {
        let files = embedded![
            "reference/places.yaml",
            "reference/regions/azure.yaml",
            "reference/regions/aws.yaml",
            "reference/regions/google.yaml",
            "reference/categories.yaml",
            "reference/attributes.yaml",
            "reference/services.yaml",
            "reference/graph_paths.yaml",
            "documents/entra-eu/2023-08-17.yaml",
            "documents/intune/2025-06-25.yaml",
        ];
        let files = files
            .into_iter()
            .map(|(name, text)| SourceFile {
                name: format!("builtin:{name}"),
                text: text.to_owned(),
            })
            .collect();
        Self { builtin: true, files }
    }

    /// All `*.yaml` and `*.yml` files below a directory, in order of their paths.
    ///
    /// # Errors
    /// When the directory or one of its files cannot be read.
    pub fn directory(path: &Path) -> Result<Self, LayerError> {
        let mut paths = Vec::new();
        collect(path, &mut paths)?;
        paths.sort();
        let files = paths
            .into_iter()
            .map(|path| match std::fs::read_to_string(&path) {
                Ok(text) => Ok(SourceFile { name: path.display().to_string(), text }),
                Err(error) => Err(LayerError { path, error }),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { builtin: false, files })
    }
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), LayerError> {
    let failed = |error| LayerError { path: directory.to_owned(), error };
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // A mounted ConfigMap holds its files once more below hidden directories.
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            paths.push(path);
        }
    }
    Ok(())
}
