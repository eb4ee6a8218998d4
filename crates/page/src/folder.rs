//! The results of a folder: files with the same stem belong together.
//!
//! A result is any of `STEM.csv`, `STEM.json`, `STEM.svg` (or `.png`) and `STEM.md`; those of folders one level below follow those of
//! the folder itself. The order is that of the names, so that it does not depend on the file system. Hidden files, pages
//! (`.html`), and the folders in which unfinished work is kept (`*.sweep`, `*.checkpoints`) are passed over; everything
//! else is named as not shown.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ReportError;
use super::side::is_side_file;

/// The files of one result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    /// The folder below the one that was named, if it is in one.
    pub folder: Option<String>,
    /// The name that the files share.
    pub stem: String,
    /// The table.
    pub csv: Option<PathBuf>,
    /// The side file.
    pub json: Option<PathBuf>,
    /// The figure.
    pub svg: Option<PathBuf>,
    /// The figure as a bitmap, which is shown where there is no other.
    pub png: Option<PathBuf>,
    /// The text.
    pub markdown: Option<PathBuf>,
}

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its name.
    pub name: String,
    /// Its results, in the order of their names.
    pub results: Vec<Files>,
    /// Files that are not part of a result, by name.
    pub others: Vec<String>,
}

impl Folder {
    /// Looks for results in a folder and in the folders one level below.
    ///
    /// # Errors
    /// A folder that is not there, is a file, cannot be listed, or has no results.
    pub fn read(path: &Path) -> Result<Folder, ReportError> {
        let owned = || path.to_path_buf();
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => {}
            Ok(_) => return Err(ReportError::NotAFolder { path: owned() }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(ReportError::NoFolder { path: owned() });
            }
            Err(reason) => return Err(ReportError::Unreadable { path: owned(), reason }),
        }
        let mut folder = Folder { name: name_of(path), results: Vec::new(), others: Vec::new() };
        let below =
            folder.add(path, None).map_err(|reason| ReportError::Unreadable { path: owned(), reason })?;
        for inner in below {
            let name = inner.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if folder.add(&inner, Some(&name)).is_err() {
                folder.others.push(format!("{name}/ (it cannot be read)"));
            }
        }
        if folder.results.is_empty() {
            return Err(ReportError::Empty { path: owned() });
        }
        Ok(folder)
    }

    /// Adds the results of one folder, and gives the folders in it that may have more.
    fn add(&mut self, path: &Path, below: Option<&str>) -> std::io::Result<Vec<PathBuf>> {
        let mut paths = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<PathBuf>>>()?;
        paths.sort();
        let mut results: Vec<Files> = Vec::new();
        let (mut folders, mut lone) = (Vec::new(), Vec::new());
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            let unfinished = ["sweep", "checkpoints"].contains(&extension.as_str());
            // A link that leads nowhere, a pipe or a device is not a result.
            let kind = fs::metadata(&path);
            if name.starts_with('.') || ["html", "htm"].contains(&extension.as_str()) {
                continue;
            } else if kind.as_ref().is_ok_and(fs::Metadata::is_dir) {
                if !unfinished {
                    folders.push(path);
                }
                continue;
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let taken =
                kind.is_ok_and(|kind| kind.is_file()) && place(&mut results, below, stem, &extension, &path);
            if !taken {
                lone.push(name);
            }
        }
        // A JSON file alone is a result only if a command has left it; saved denoisers are not, for example.
        results.retain(|files| match files {
            Files { csv: None, svg: None, png: None, markdown: None, json: Some(json), .. }
                if !is_side_file(json) =>
            {
                lone.push(json.file_name().unwrap_or_default().to_string_lossy().into_owned());
                false
            }
            _ => true,
        });
        results.sort_by(|a, b| a.stem.cmp(&b.stem));
        lone.sort();
        self.others.extend(lone.into_iter().map(|name| match below {
            Some(folder) => format!("{folder}/{name}"),
            None => name,
        }));
        self.results.extend(results);
        Ok(folders)
    }
}

impl Files {
    /// The files that are there, the table first.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.csv, &self.json, &self.svg, &self.png, &self.markdown].into_iter().flatten()
    }

    /// The figure that is shown.
    pub fn figure(&self) -> Option<&Path> {
        self.svg.as_deref().or(self.png.as_deref())
    }

    fn slot(&mut self, extension: &str) -> Option<&mut Option<PathBuf>> {
        match extension {
            "csv" => Some(&mut self.csv),
            "json" => Some(&mut self.json),
            "svg" => Some(&mut self.svg),
            "png" => Some(&mut self.png),
            "md" => Some(&mut self.markdown),
            _ => None,
        }
    }
}

/// Puts a file into the result of its stem that has no such file yet (`a.csv` and `a.CSV` are two results); says whether
/// it is of a kind that a result has.
fn place(results: &mut Vec<Files>, folder: Option<&str>, stem: String, extension: &str, path: &Path) -> bool {
    let mut fresh = Files { folder: folder.map(str::to_owned), stem, ..Files::default() };
    let free = results.iter_mut().filter(|files| files.stem == fresh.stem);
    for slot in free.filter_map(|files| files.slot(extension)) {
        if slot.is_none() {
            *slot = Some(path.to_path_buf());
            return true;
        }
    }
    let Some(slot) = fresh.slot(extension) else { return false };
    *slot = Some(path.to_path_buf());
    results.push(fresh);
    true
}

/// The name of a folder, also where the path is `.` or ends in `..`.
fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy().into_owned()
}
