//! The C interface: `overlaps.h` says what the functions do.

mod arguments;

use std::error::Error;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arguments::Arguments;
use overlaps::experiment::place_of;
use serde_json::{Value as Json, json};

/// The stack of a thread: that of the first thread of a command.
const STACK: usize = 8 << 20;
const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// What keeps a table from being made.
type Failed = Box<dyn Error + Send + Sync>;

/// Solves the equations of a system.
///
/// # Safety
/// Both are null, or strings of C that end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn overlaps_solve(system: *const c_char, arguments: *const c_char) -> *mut c_char {
    // SAFETY: the caller says so.
    let (system, arguments) = unsafe { (text(system, "system"), text(arguments, "arguments")) };
    let solved = catch_unwind(AssertUnwindSafe(|| {
        let system =
            system?.ok_or("system is NULL; it is the name of a built-in system, or the path of a file")?;
        solve(system, arguments?.unwrap_or("{}"))
    }));
    let answer = match solved {
        Ok(Ok(table)) => table,
        Ok(Err(error)) => {
            let place = place_of(error.as_ref())
                .map(|place| json!({"file": place.file, "line": place.line, "column": place.column}));
            json!({"error": error.to_string(), "place": place})
        }
        Err(_) => {
            json!({"error": "this is a mistake of overlaps; please report what was asked for", "place": null})
        }
    };
    // JSON writes the character 0 as an escape.
    CString::new(answer.to_string()).unwrap_or_default().into_raw()
}

/// Frees what [`overlaps_solve`] has returned.
///
/// # Safety
/// Null, or a result that is not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn overlaps_free(result: *mut c_char) {
    if !result.is_null() {
        // SAFETY: the caller says so.
        drop(unsafe { CString::from_raw(result) });
    }
}

/// The version.
#[unsafe(no_mangle)]
pub extern "C" fn overlaps_version() -> *const c_char {
    VERSION.as_ptr()
}

/// A string of C; none where it is null.
///
/// # Safety
/// Null, or a string of C that ends.
unsafe fn text<'t>(text: *const c_char, name: &str) -> Result<Option<&'t str>, Failed> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller says so.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| format!("{name} is no text in UTF-8").into())
}

/// A pool of its own belongs to every call, so that the stack of the caller does not matter.
fn solve(system: &str, arguments: &str) -> Result<Json, Failed> {
    let arguments: Arguments =
        serde_json::from_str(arguments).map_err(|error| format!("the arguments are not right: {error}"))?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads.into()).stack_size(STACK);
    let pool = pool.build().map_err(|error| format!("no threads to compute with: {error}"))?;
    pool.install(|| arguments.table(system))
}
