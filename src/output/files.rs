//! Files that appear whole or not at all.
//!
//! What is written goes to a temporary file in the same folder, which takes the name of the target
//! only when it is complete. A run that fails or is stopped leaves an earlier result untouched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
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
    Temporary(BufWriter<NamedTempFile>, PathBuf),
    /// A pipe or device (`/dev/stdout`, `/dev/null`), which must not be replaced by a file.
    Direct(BufWriter<File>),
}

impl AtomicFile {
    /// Starts a file that is to appear at this path.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, OutputError> {
        let path = path.as_ref();
        let sink = match destination(path)? {
            Destination::Stream => {
                let file = OpenOptions::new().write(true).open(path);
                Sink::Direct(BufWriter::new(file.map_err(|reason| write_error(path, reason))?))
            }
            Destination::File(target) => {
                let temporary = temporary_beside(path, &target)?;
                Sink::Temporary(BufWriter::new(temporary), target)
            }
        };
        let path = path.to_owned();
        Ok(AtomicFile { path, sink })
    }

    /// Completes the file: everything is on disk, and then the file is there under its name.
    pub fn commit(self) -> Result<(), OutputError> {
        let AtomicFile { path, sink } = self;
        let done = match sink {
            Sink::Direct(mut writer) => writer.flush(),
            Sink::Temporary(writer, target) => put_in_place(writer, &target),
        };
        done.map_err(|reason| write_error(&path, reason))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Temporary(writer, _) => writer.write(bytes),
            Sink::Direct(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Temporary(writer, _) => writer.flush(),
            Sink::Direct(writer) => writer.flush(),
        }
    }
}

/// Writes a file in one go; if `write` fails, whatever was at the path stays as it was.
pub fn write_atomically(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), OutputError> {
    let mut file = AtomicFile::create(path)?;
    match write(&mut file) {
        Ok(()) => file.commit(),
        Err(reason) => Err(write_error(&file.path, reason)),
    }
}

/// Makes sure, before a long computation, that its result can be written to this path.
///
/// The folder is tried by making a temporary file in it, which is removed at once.
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), OutputError> {
    let path = path.as_ref();
    match destination(path)? {
        Destination::Stream => Ok(()),
        Destination::File(target) => temporary_beside(path, &target).map(drop),
    }
}

enum Destination {
    /// A regular file at this path, links resolved, which may not exist yet.
    File(PathBuf),
    /// A pipe or device that exists.
    Stream,
}

/// What a path leads to, with the mistakes that can be told apart before anything is written.
fn destination(path: &Path) -> Result<Destination, OutputError> {
    if path.as_os_str().is_empty() {
        return Err(OutputError::EmptyPath);
    }
    match fs::metadata(path) {
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
    let mut builder = Builder::new();
    builder.prefix(".overlaps-").suffix(".tmp");
    // The system takes the umask off these bits, as it does for any file that is created.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn put_in_place(writer: BufWriter<NamedTempFile>, target: &Path) -> io::Result<()> {
    let temporary = writer.into_inner().map_err(|error| error.into_error())?;
    // Without this, a crash soon after the rename can leave an empty file under the final name.
    temporary.as_file().sync_all()?;
    temporary.persist(target).map(drop).map_err(|error| error.error)
}

fn write_error(path: &Path, reason: io::Error) -> OutputError {
    OutputError::Write { path: path.to_owned(), reason }
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
        }
    }
}
