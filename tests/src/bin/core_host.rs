//! A program with a login that keeps no copy of what was typed: what its memory holds afterwards
//! is the module's doing, or libpam's.
//!
//! ```text
//! core_host CONFDIR SERVICE USER
//! ```
//!
//! Each prompt is a line `ask` on standard output; one write to standard input answers it, and goes
//! from there into the buffer that the module frees. A text is a line `told`. After the login `code
//! N` is written (libpam's number), and after `pam_end` `ended`. After each of the last three the
//! program waits for a byte, so that its memory can be read.
#![allow(unsafe_code)]

use std::env::args_os;
use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::ptr;

const PAM_SUCCESS: c_int = 0;
const PAM_CONV_ERR: c_int = 19;
const PAM_FAIL_DELAY: c_int = 10;
const PAM_PROMPT_ECHO_OFF: c_int = 1;

/// Bytes of the longest answer (`PAM_MAX_RESP_SIZE` in _pam_types.h).
const LONGEST: usize = 512;

#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct Response {
    answer: *mut c_char,
    unused: c_int,
}

type Converse =
    unsafe extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int;

#[repr(C)]
struct Conversation {
    converse: Converse,
    data: *mut c_void,
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const Conversation,
        directory: *const c_char,
        handle: *mut *mut c_void,
    ) -> c_int;
    fn pam_set_item(handle: *mut c_void, item: c_int, value: *const c_void) -> c_int;
    fn pam_authenticate(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_end(handle: *mut c_void, status: c_int) -> c_int;
}

fn main() -> ExitCode {
    let words: Result<Vec<_>, _> =
        args_os().skip(1).map(|word| CString::new(word.into_vec())).collect();
    let Ok([directory, service, user]) = <[CString; 3]>::try_from(words.expect("no NUL")) else {
        eprintln!("usage: core_host CONFDIR SERVICE USER");
        return ExitCode::from(2);
    };
    let conversation = Conversation { converse, data: ptr::null_mut() };
    let mut handle = ptr::null_mut();
    // SAFETY: the strings end with a NUL; libpam copies them and the structure (pam_start(3)).
    let code = unsafe {
        pam_start_confdir(
            service.as_ptr(),
            user.as_ptr(),
            &raw const conversation,
            directory.as_ptr(),
            &raw mut handle,
        )
    };
    assert_eq!(code, PAM_SUCCESS, "pam_start_confdir");
    let nobody_waits = do_not_wait as extern "C" fn(c_int, c_uint, *mut c_void) as *const c_void;
    // SAFETY: the handle that libpam has just made, ended once, at the end.
    unsafe {
        pam_set_item(handle, PAM_FAIL_DELAY, nobody_waits);
        let code = pam_authenticate(handle, 0);
        say(&format!("code {code}\n"));
        wait_for_a_byte();
        pam_end(handle, code);
    }
    say("ended\n");
    wait_for_a_byte();
    ExitCode::SUCCESS
}

/// By the system call alone: a buffer of std's would be one more place to look at.
fn say(text: &str) {
    // SAFETY: the text is that long.
    let written = unsafe { libc::write(1, text.as_ptr().cast(), text.len()) };
    assert_eq!(usize::try_from(written), Ok(text.len()), "standard output");
}

fn wait_for_a_byte() {
    let mut byte = 0_u8;
    // SAFETY: there is room for one byte.
    unsafe { libc::read(0, (&raw mut byte).cast(), 1) };
}

/// libpam leaves it to this function whether to sleep.
extern "C" fn do_not_wait(_: c_int, _: c_uint, _: *mut c_void) {}

/// # Safety
///
/// As in pam_conv(3): `count` pointers to messages, and a place for the answers.
unsafe extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    _: *mut c_void,
) -> c_int {
    assert_eq!(count, 1, "a module of ours asks for one thing at a time");
    // SAFETY: one message, as was just seen.
    let style = unsafe { (**messages).style };
    // SAFETY: the module frees both with free().
    let (response, answer) = unsafe {
        (libc::calloc(1, size_of::<Response>()).cast::<Response>(), libc::calloc(1, LONGEST))
    };
    if style == PAM_PROMPT_ECHO_OFF {
        say("ask\n");
        // SAFETY: there is room for one byte more, which is the NUL.
        let read = unsafe { libc::read(0, answer, LONGEST - 1) };
        if read <= 0 {
            return PAM_CONV_ERR;
        }
        // SAFETY: calloc's, and nobody else's yet.
        unsafe { (*response).answer = answer.cast() };
    } else {
        // SAFETY: not given to anybody.
        unsafe { libc::free(answer) };
        say("told\n");
        wait_for_a_byte();
    }
    // SAFETY: the place that libpam gives.
    unsafe { *responses = response };
    PAM_SUCCESS
}
