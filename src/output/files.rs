//! Files that appear whole or not at all.
//!
//! What is written goes to a temporary file in the same folder, which takes the name of the target
//! only when it is complete. A run that fails or is stopped leaves an earlier result untouched. What is no file (`-` for
//! standard output, pipes, devices) is written to directly.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::error::OutputError;

/// A file under construction: write to it, then [`commit`](AtomicFile::commit). Dropped without a
/// commit, it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    /// A temporary file, and the file that it is to become.
    Temporary(BufWriter<Temporary>, PathBuf),
    /// A pipe or device (`/dev/null`), which must not be replaced by a file.
    Direct(BufWriter<File>),
    /// Standard output, wherever it goes.
    Standard(BufWriter<Stdout>),
}

/// Writes to the file itself: through [`NamedTempFile`] an error would name the temporary file, which is gone by the time
/// that somebody reads of it.
#[derive(Debug)]
struct Temporary(NamedTempFile);

impl Write for Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_file_mut().flush()
    }
}

impl AtomicFile {
    /// Starts a file that is to appear at this path.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, OutputError> {
        let path = path.as_ref();
        let sink = match destination(path)? {
            Destination::Stream => {
                // Behind what a file may hold already, to which a descriptor (`/dev/fd/3`) is redirected.
                let file = OpenOptions::new().append(true).open(path);
                Sink::Direct(BufWriter::new(file.map_err(|reason| write_error(path, reason))?))
            }
            Destination::StandardOutput => Sink::Standard(BufWriter::new(io::stdout())),
            Destination::File(target) => {
                let temporary = temporary_beside(path, &target)?;
                Sink::Temporary(BufWriter::new(Temporary(temporary)), target)
            }
        };
        let path = path.to_owned();
        Ok(AtomicFile { path, sink })
    }

    /// Ends the writing: everything is on disk, not yet under its name.
    pub fn complete(self) -> Result<CompleteFile, OutputError> {
        let AtomicFile { path, sink } = self;
        let done = match sink {
            Sink::Direct(mut writer) => writer.flush().map(|()| None),
            Sink::Standard(mut writer) => writer.flush().map(|()| None),
            Sink::Temporary(writer, target) => on_disk(writer).map(|temporary| Some((temporary, target))),
        };
        match done {
            Ok(temporary) => Ok(CompleteFile { path, temporary }),
            Err(reason) => Err(write_error(&path, reason)),
        }
    }

    /// Completes the file: everything is on disk, and then the file is there under its name.
    pub fn commit(self) -> Result<(), OutputError> {
        self.complete()?.put_in_place()
    }

    /// The error of a write, with the name of the file.
    fn named<T>(path: &Path, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|reason| io::Error::new(reason.kind(), write_error(path, reason)))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = match &mut self.sink {
            Sink::Temporary(writer, _) => writer.write(bytes),
            Sink::Direct(writer) => writer.write(bytes),
            Sink::Standard(writer) => writer.write(bytes),
        };
        Self::named(&self.path, done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = match &mut self.sink {
            Sink::Temporary(writer, _) => writer.flush(),
            Sink::Direct(writer) => writer.flush(),
            Sink::Standard(writer) => writer.flush(),
        };
        Self::named(&self.path, done)
    }
}

/// A file that is on disk and waits for its name, so that files that belong together can appear together. Dropped, it
/// leaves nothing behind.
#[derive(Debug)]
pub struct CompleteFile {
    path: PathBuf,
    /// None for a pipe or device, which has everything already.
    temporary: Option<(NamedTempFile, PathBuf)>,
}

impl CompleteFile {
    /// Gives the file its name.
    pub fn put_in_place(self) -> Result<(), OutputError> {
        let Some((temporary, target)) = self.temporary else { return Ok(()) };
        temporary.persist(target).map(drop).map_err(|error| write_error(&self.path, error.error))
    }
}

/// Writes a file in one go; if `write` fails, whatever was at the path stays as it was.
pub fn write_atomically(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), OutputError> {
    write_completely(path, write)?.put_in_place()
}

/// The same, up to the point where the file gets its name.
pub fn write_completely(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<CompleteFile, OutputError> {
    let mut file = AtomicFile::create(path)?;
    match write(&mut file) {
        Ok(()) => file.complete(),
        Err(reason) => Err(write_error(&file.path, reason)),
    }
}

/// Makes sure, before a long computation, that its result can be written to this path.
///
/// The folder is tried by writing a temporary file of one block in it, which is removed at once: on a full disk an empty
/// file can be made.
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), OutputError> {
    let path = path.as_ref();
    match destination(path)? {
        Destination::Stream | Destination::StandardOutput => Ok(()),
        Destination::File(target) => {
            let mut writer = BufWriter::new(Temporary(temporary_beside(path, &target)?));
            let tried = writer.write_all(&[0; 4096]).and_then(|()| on_disk(writer));
            tried.map(drop).map_err(|reason| write_error(path, reason))
        }
    }
}

enum Destination {
    /// A regular file at this path, links resolved, which may not exist yet.
    File(PathBuf),
    /// A pipe or device that exists, or a descriptor of this process.
    Stream,
    /// Standard output.
    StandardOutput,
}

/// Whether a path stands for standard output.
pub fn is_standard_output(path: &Path) -> bool {
    path == Path::new("-") || descriptor(path) == Some(1)
}

/// Whether what is written to a path goes on to somewhere else and leaves no file of that name.
pub fn is_stream(path: &Path) -> bool {
    matches!(destination(path), Ok(Destination::Stream | Destination::StandardOutput))
}

/// The descriptor of this process that a path stands for. The path may lead on to a regular file, to which it is redirected
/// and which must not be replaced by another.
fn descriptor(path: &Path) -> Option<u32> {
    match path.to_str()? {
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        path => {
            ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|folder| path.strip_prefix(folder)?.parse().ok())
        }
    }
}

/// What a path leads to, with the mistakes that can be told apart before anything is written.
fn destination(path: &Path) -> Result<Destination, OutputError> {
    if path.as_os_str().is_empty() {
        return Err(OutputError::EmptyPath);
    }
    if is_standard_output(path) {
        return Ok(Destination::StandardOutput);
    }
    match fs::metadata(path) {
        Ok(_) if descriptor(path).is_some() => Ok(Destination::Stream),
        Ok(there) if there.is_dir() => Err(OutputError::IsFolder { path: path.to_owned() }),
        Ok(there) if !there.is_file() => Ok(Destination::Stream),
        Ok(there) if there.permissions().readonly() => Err(OutputError::ReadOnly { path: path.to_owned() }),
        // Renaming onto a symbolic link would replace the link; the file behind it is meant.
        Ok(_) => fs::canonicalize(path).map(Destination::File).map_err(|reason| write_error(path, reason)),
        Err(_) => Ok(Destination::File(path.to_owned())),
    }
}

/// A temporary file in the folder of the target, with the permissions that the target has, or that
/// a newly created file would get. `path` is the target as the user named it, for messages.
fn temporary_beside(path: &Path, target: &Path) -> Result<NamedTempFile, OutputError> {
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let (path, folder_name) = (path.to_owned(), folder.to_owned());
    match fs::metadata(folder) {
        Ok(there) if there.is_dir() => {}
        Ok(_) => {
            return Err(OutputError::NotAFolder { path, folder: folder_name });
        }
        Err(_) => {
            return Err(OutputError::NoFolder { path, folder: folder_name });
        }
    }
    let made = new_temporary(folder).and_then(|temporary| {
        if let Ok(there) = fs::metadata(target) {
            temporary.as_file().set_permissions(there.permissions())?;
        }
        Ok(temporary)
    });
    made.map_err(|reason| OutputError::FolderNotWritable { path, folder: folder_name, reason })
}

fn new_temporary(folder: &Path) -> io::Result<NamedTempFile> {
    // Opened here, the file has the permissions of any file that is created, and an error does not name it.
    Builder::new().prefix(".overlaps-").suffix(".tmp").make_in(folder, |path| File::create_new(path))
}

fn on_disk(writer: BufWriter<Temporary>) -> io::Result<NamedTempFile> {
    let Temporary(temporary) = writer.into_inner().map_err(|error| error.into_error())?;
    // Without this, a crash soon after the rename can leave an empty file under the final name.
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// What is said of a write that failed. What an [`AtomicFile`] has said has the name of the file already.
pub fn write_error(path: &Path, reason: io::Error) -> OutputError {
    reason.downcast().unwrap_or_else(|reason| OutputError::Write { path: path.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let names = fs::read_dir(folder).unwrap().map(name);
        names.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_appears_whole_and_replaces_the_earlier_one() {
        let folder = folder();
        let path = folder.path().join("a.csv");
        for text in ["first", "second"] {
            write_atomically(&path, |sink| sink.write_all(text.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(names_in(folder.path()), ["a.csv"]);
    }

    #[test]
    fn a_failed_write_leaves_the_earlier_file_and_nothing_else() {
        let folder = folder();
        let path = folder.path().join("a.csv");
        fs::write(&path, "earlier").unwrap();
        let error = write_atomically(&path, |sink| {
            sink.write_all(b"half")?;
            Err(io::Error::other("no space"))
        })
        .unwrap_err();
        assert!(error.to_string().contains("a.csv' failed (no space)"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "earlier");
        assert_eq!(names_in(folder.path()), ["a.csv"]);
    }

    #[test]
    fn a_file_dropped_without_commit_leaves_nothing() {
        let folder = folder();
        let mut file = AtomicFile::create(folder.path().join("a.csv")).unwrap();
        file.write_all(b"half").unwrap();
        file.flush().unwrap();
        drop(file);
        assert!(names_in(folder.path()).is_empty());
    }

    #[test]
    fn a_missing_folder_a_folder_and_an_empty_path_are_named() {
        let folder = folder();
        fs::write(folder.path().join("file"), "").unwrap();
        let message = |path: PathBuf| check_writable(path).unwrap_err().to_string();
        assert!(message(folder.path().join("no/a.csv")).contains("no' does not exist; create it"));
        assert!(message(folder.path().join("file/a.csv")).contains("file' is not a folder"));
        assert!(message(folder.path().to_owned()).contains("it is a folder; add a file name"));
        assert!(message(PathBuf::new()).contains("the output path is empty"));
    }

    #[test]
    fn a_check_leaves_no_trace() {
        let folder = folder();
        check_writable(folder.path().join("a.csv")).unwrap();
        assert!(names_in(folder.path()).is_empty());
    }

    #[test]
    fn a_read_only_file_is_not_overwritten() {
        let folder = folder();
        let path = folder.path().join("a.csv");
        fs::write(&path, "kept").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let error = check_writable(&path).unwrap_err();
        assert!(matches!(error, OutputError::ReadOnly { .. }));
        assert!(AtomicFile::create(&path).is_err());
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::fs::{PermissionsExt, symlink};

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn a_new_file_has_the_permissions_of_any_created_file() {
            let folder = folder();
            let (plain, atomic) = (folder.path().join("plain"), folder.path().join("atomic"));
            fs::write(&plain, "").unwrap();
            write_atomically(&atomic, |_| Ok(())).unwrap();
            assert_eq!(mode(&atomic), mode(&plain));
        }

        #[test]
        fn a_replaced_file_keeps_its_permissions() {
            let folder = folder();
            let path = folder.path().join("a.csv");
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
            write_atomically(&path, |_| Ok(())).unwrap();
            assert_eq!(mode(&path), 0o640);
        }

        #[test]
        fn a_symbolic_link_stays_a_link() {
            let folder = folder();
            let (file, link) = (folder.path().join("file"), folder.path().join("link"));
            fs::write(&file, "old").unwrap();
            symlink(&file, &link).unwrap();
            write_atomically(&link, |sink| sink.write_all(b"new")).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        }

        #[test]
        fn a_device_is_written_to_and_not_replaced() {
            let device = destination(Path::new("/dev/null")).unwrap();
            assert!(matches!(device, Destination::Stream));
            for path in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
                assert!(matches!(destination(Path::new(path)), Ok(Destination::StandardOutput)), "{path}");
            }
            assert!(is_stream(Path::new("/dev/stderr")) && !is_stream(Path::new("./-")));
        }
    }
}
