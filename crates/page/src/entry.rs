//! One result, put together from its files. What could not be read becomes a warning in its place.

use std::fs;
use std::path::{Path, PathBuf};

use maud::Markup;

use super::attachment::{LARGEST_FIGURE, LARGEST_TABLE, LARGEST_TEXT, Room, address, data_uri, size};
use super::drawing::Drawing;
use super::folder::{Files, Folder};
use super::numbers::{Numbers, ROWS_SHOWN, ROWS_SHOWN_OF_MANY};
use super::page::figure;
use super::side::Side;
use super::text::{Places, Text};
use super::verdict::Verdicts;
use overlaps::name::symbol_of;

/// More results than this are many: fewer rows of each are shown.
const MANY: usize = 100;

/// One result of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry {
    /// Its address in the page, without the `#`.
    pub id: String,
    /// The folder it is in, if that is one below, and its stem.
    pub name: String,
    /// The first heading of its text, the title of its figure, its system, or its name.
    pub title: String,
    /// Where several results have the same title: the parameters in which they differ, as `n = 8`.
    pub apart: Vec<String>,
    /// The command that makes it.
    pub command: Option<String>,
    /// Its side file.
    pub side: Option<Side>,
    /// Its table.
    pub numbers: Option<Numbers>,
    /// Its figure.
    pub drawing: Option<Drawing>,
    /// Its text.
    pub text: Option<Text>,
    /// The verdicts of its side file and its text.
    pub verdicts: Verdicts,
    /// Its files.
    pub files: Vec<FileHere>,
    /// What could not be read or does not fit.
    pub warnings: Vec<String>,
}

/// A file of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct FileHere {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// The table itself as an address, where it fits; otherwise where it is, seen from the page.
    pub uri: Option<String>,
    /// Whether that is the table itself.
    pub inside: bool,
}

/// The results of a folder, in order, for a page in a folder.
pub fn entries(folder: &Folder, page: &Path) -> Vec<Entry> {
    let ids = ids(&folder.results);
    let (mut tables, mut figures) = (Room::default(), Room::default());
    let drawings: Vec<Option<Result<Drawing, String>>> =
        folder.results.iter().map(|files| files.figure().map(|svg| read_figure(svg, &mut figures))).collect();
    let mut entries = Vec::new();
    for (place, files) in folder.results.iter().enumerate() {
        let neighbours = Neighbours { files, all: &folder.results, ids: &ids, drawings: &drawings };
        entries.push(Entry::read(
            files,
            ids[place].clone(),
            drawings[place].clone(),
            &neighbours,
            (page, &mut tables),
        ));
    }
    tell_apart(&mut entries);
    entries
}

/// Says of results with the same title in which parameters they differ.
fn tell_apart(entries: &mut [Entry]) {
    let of = |entry: &Entry| -> Vec<String> {
        let same = |other: &&Entry| other.title == entry.title && other.id != entry.id;
        let others: Vec<&Side> =
            entries.iter().filter(same).filter_map(|other| other.side.as_ref()).collect();
        let Some(side) = &entry.side else { return Vec::new() };
        let fixed = side.parameters.keys().filter(|name| !side.sweeps.contains_key(*name));
        fixed
            .chain(side.sweeps.keys())
            .filter(|name| others.iter().any(|other| other.parameter(name) != side.parameter(name)))
            .filter_map(|name| Some(format!("{} = {}", symbol_of(name), side.parameter(name)?)))
            .collect()
    };
    let apart: Vec<Vec<String>> = entries.iter().map(of).collect();
    entries.iter_mut().zip(apart).for_each(|(entry, apart)| entry.apart = apart);
}

impl Entry {
    fn read(
        files: &Files,
        id: String,
        drawing: Option<Result<Drawing, String>>,
        neighbours: &Neighbours,
        (page, room): (&Path, &mut Room),
    ) -> Entry {
        let mut entry = Entry { id, name: name_of(files), ..Entry::default() };
        entry.side = files.json.as_deref().and_then(|path| entry.or_warn(path, Side::read(path)));
        let most = if neighbours.all.len() > MANY { ROWS_SHOWN_OF_MANY } else { ROWS_SHOWN };
        let columns = entry.side.as_ref().map_or(&[][..], |side| &side.columns);
        let numbers = files.csv.as_deref().map(|path| (path, Numbers::read(path, columns, most)));
        entry.numbers = numbers.and_then(|(path, numbers)| entry.or_warn(path, numbers));
        entry.drawing = files.figure().zip(drawing).and_then(|(path, drawing)| entry.or_warn(path, drawing));
        let text = files.markdown.as_deref().and_then(|path| entry.or_warn(path, read_text(path)));
        entry.text = text.map(|text| Text::of(&text, neighbours));
        if let Some((line, path)) =
            entry.numbers.as_ref().and_then(|n| n.broken.clone()).zip(files.csv.as_deref())
        {
            entry.warn(path, &format!("{line}; the rows before it are shown"));
        }

        let side = entry.side.as_ref();
        entry.command = side.and_then(Side::command_line);
        entry.verdicts = side.map(Side::verdicts).unwrap_or_default();
        let mut titles = Vec::new();
        if let Some(text) = &entry.text {
            titles.extend(text.title.clone());
            entry.command = entry.command.or(text.command.clone());
            if entry.verdicts.0.is_empty() {
                entry.verdicts = text.verdicts.clone();
            }
        }
        titles.extend(entry.drawing.as_ref().and_then(|drawing| drawing.title.clone()));
        titles.extend(side.map(|side| side.system.clone()));
        entry.title = titles.into_iter().find(|title| !title.trim().is_empty()).unwrap_or(entry.name.clone());
        let here = |path: &PathBuf| file_here(path, files.csv.as_ref() == Some(path), (page, &mut *room));
        entry.files = files.all().map(here).collect();
        entry
    }

    /// The value, or a warning that says what is wrong with the file.
    fn or_warn<T>(&mut self, path: &Path, read: Result<T, String>) -> Option<T> {
        read.map_err(|reason| self.warn(path, &reason)).ok()
    }

    fn warn(&mut self, path: &Path, reason: &str) {
        self.warnings.push(format!("{}: {reason}", file_name(path)));
    }
}

/// The folder and the stem.
fn name_of(files: &Files) -> String {
    match &files.folder {
        Some(folder) => format!("{folder}/{}", files.stem),
        None => files.stem.clone(),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read_text(path: &Path) -> Result<String, String> {
    let bytes = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if bytes > LARGEST_TEXT {
        return Err(format!("it is too large for a page ({}, at most {})", size(bytes), size(LARGEST_TEXT)));
    }
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

fn read_figure(path: &Path, room: &mut Room) -> Result<Drawing, String> {
    let bytes = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if bytes > LARGEST_FIGURE {
        return Err(format!(
            "it is too large for a page ({}, at most {})",
            size(bytes),
            size(LARGEST_FIGURE)
        ));
    }
    if !room.take(bytes) {
        return Err(format!("there is no room left in this page for its {}", size(bytes)));
    }
    Drawing::read(&fs::read(path).map_err(|e| e.to_string())?)
}

/// A file, with its content if it is a table that fits, and its place for the page in a folder if it is one that does not.
fn file_here(path: &Path, is_table: bool, (page, room): (&Path, &mut Room)) -> FileHere {
    let bytes = fs::metadata(path).map_or(0, |there| there.len());
    let fits = is_table && bytes <= LARGEST_TABLE && room.take(bytes);
    let content = fits.then(|| fs::read(path).ok()).flatten();
    let inside = content.is_some();
    let uri = match content {
        Some(content) => Some(data_uri("text/csv;charset=utf-8", &content)),
        None => is_table.then(|| address(page, path)).flatten(),
    };
    FileHere { name: file_name(path), bytes, uri, inside }
}

/// An address for each result, made of the letters and digits of its name; the second of the same gets a number.
fn ids(results: &[Files]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for files in results {
        let plain: String =
            name_of(files).chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        let plain = format!("result-{}", plain.trim_matches('-'));
        let free = |id: &String| !ids.contains(id);
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        let id = std::iter::once(plain.clone()).chain(numbered).find(free).unwrap_or_default();
        ids.push(id);
    }
    ids
}

/// The other results of the same folder, to which a text may point.
struct Neighbours<'a> {
    files: &'a Files,
    all: &'a [Files],
    ids: &'a [String],
    drawings: &'a [Option<Result<Drawing, String>>],
}

impl Places for Neighbours<'_> {
    fn anchor(&self, file: &str) -> Option<String> {
        let place = self.all.iter().position(|files| {
            files.folder == self.files.folder && files.all().any(|path| file_name(path) == file)
        })?;
        Some(format!("#{}", self.ids[place]))
    }

    fn figure(&self, file: &str, words: &str) -> Option<Markup> {
        let place = self.all.iter().position(|files| {
            files.folder == self.files.folder && files.figure().is_some_and(|svg| file_name(svg) == file)
        })?;
        match &self.drawings[place] {
            Some(Ok(drawing)) => Some(figure(drawing, words)),
            _ => None,
        }
    }
}
