//! Answers the requests of a page inside of a browser.
//!
//! A request is written into [`overlaps_input`]: its path, a line feed, its body. After [`overlaps_answer`] the answer stands in
//! [`overlaps_output`]: its status, two bytes, the lower first, and its body. That is little enough to need no generated bindings.

use std::cell::RefCell;

use overlaps_explore::{Answer, Explore, Refused, read};

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Where to write a request of so many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn overlaps_input(length: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        input.clear();
        input.resize(length, 0);
        input.as_mut_ptr()
    })
}

/// Answers the request, and says how long the answer is.
#[unsafe(no_mangle)]
pub extern "C" fn overlaps_answer() -> usize {
    let request = INPUT.take();
    let end = request.iter().position(|byte| *byte == b'\n').unwrap_or(request.len());
    let (path, body) = request.split_at(end);
    let answer = answer(path, body.get(1..).unwrap_or_default()).unwrap_or_else(|refused| refused.answer());
    OUTPUT.with_borrow_mut(|output| {
        *output = [&answer.status.to_le_bytes()[..], &answer.body].concat();
        output.len()
    })
}

/// Where the answer stands.
#[unsafe(no_mangle)]
pub extern "C" fn overlaps_output() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

fn answer(path: &[u8], body: &[u8]) -> Result<Answer, Refused> {
    let explore = Explore::new(&[]);
    // The page ends what it does not wait for with the whole thread.
    match path {
        b"/api/systems" => explore.systems(),
        b"/api/system" => explore.system(body),
        b"/api/solve" => explore.solve(&read(body)?, &|| None),
        b"/api/file" => explore.file(&read(body)?, &|| None),
        _ => Ok(Answer::refusal(404, "there is nothing here")),
    }
}
