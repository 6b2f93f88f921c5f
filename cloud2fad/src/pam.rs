//! All unsafe code of the service: the password's check, by the machine's own PAM stack.
#![allow(unsafe_code)]

use cloud2fa::manage::{PasswordCheck, PasswordRefused};
use cloud2fa::{PAM_SERVICE, UserName};
use libc::{c_char, c_int, c_void};
use pam::constants::PamResultCode::{
    self, PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_BUF_ERR, PAM_CONV_ERR, PAM_MAXTRIES,
    PAM_NEW_AUTHTOK_REQD, PAM_PERM_DENIED, PAM_SUCCESS, PAM_USER_UNKNOWN,
};
use pam::constants::{
    PAM_DISALLOW_NULL_AUTHTOK, PAM_ERROR_MSG, PAM_PROMPT_ECHO_OFF, PAM_SILENT, PAM_TEXT_INFO,
    PamFlag,
};
use std::ffi::{CStr, CString};
use std::ptr;
use zeroize::Zeroizing;

/// Messages in one call of the conversation (`PAM_MAX_NUM_MSG` in _pam_types.h).
const MOST_MESSAGES: c_int = 32;

/// Say nothing, and take no empty password.
const FLAGS: PamFlag = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;

#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct Response {
    text: *mut c_char,
    code: c_int,
}

#[repr(C)]
struct Conversation {
    answer: unsafe extern "C" fn(
        c_int,
        *const *const Message,
        *mut *mut Response,
        *mut c_void,
    ) -> c_int,
    data: *mut c_void,
}

enum Handle {}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start(
        service: *const c_char,
        user: *const c_char,
        conversation: *const Conversation,
        handle: *mut *mut Handle,
    ) -> c_int;
    fn pam_authenticate(handle: *mut Handle, flags: PamFlag) -> c_int;
    fn pam_acct_mgmt(handle: *mut Handle, flags: PamFlag) -> c_int;
    fn pam_end(handle: *mut Handle, status: c_int) -> c_int;
    fn pam_strerror(handle: *mut Handle, code: c_int) -> *const c_char;
}

/// Checks passwords by the PAM service `cloud2fa`.
pub struct Pam;

impl PasswordCheck for Pam {
    fn has_password(&self, name: &UserName) -> bool {
        let Ok(name) = CString::new(name.as_str()) else { return false };
        // SAFETY: `name` ends with a NUL. What comes back is NULL, or an entry that stands until
        // the next call, which this single thread does not make before it is read.
        let hash = unsafe {
            match libc::getspnam(name.as_ptr()).as_ref() {
                // Not in the shadow file: its password is another system's to check.
                None => return true,
                Some(entry) if entry.sp_pwdp.is_null() => return false,
                Some(entry) => CStr::from_ptr(entry.sp_pwdp),
            }
        };
        // shadow(5): empty needs no password; `*` and `!` fit none.
        !matches!(hash.to_bytes().first(), None | Some(b'*' | b'!'))
    }

    fn check(&mut self, name: &UserName, password: &[u8]) -> Result<(), PasswordRefused> {
        let name = CString::new(name.as_str()).map_err(|_| PasswordRefused::Wrong)?;
        let service = CString::new(PAM_SERVICE).expect("the name has no NUL");
        // A password with a NUL cannot be typed anywhere else, either.
        if password.contains(&0) {
            return Err(PasswordRefused::Wrong);
        }
        let mut terminated = Zeroizing::new(Vec::with_capacity(password.len() + 1));
        terminated.extend_from_slice(password);
        terminated.push(0);
        let conversation =
            Conversation { answer, data: terminated.as_ptr().cast_mut().cast::<c_void>() };
        let mut handle = ptr::null_mut();
        // SAFETY: the strings end with a NUL; libpam copies them and the conversation. The
        // password lives until pam_end, and only `answer` reads it.
        let code = unsafe {
            pam_start(service.as_ptr(), name.as_ptr(), &raw const conversation, &raw mut handle)
        };
        if code != PAM_SUCCESS as c_int {
            return Err(PasswordRefused::Unavailable(format!("pam_start gave {code}")));
        }
        // SAFETY: the handle that pam_start has just made, ended once, at the end.
        unsafe {
            let mut code = pam_authenticate(handle, FLAGS);
            let mut verdict = of_authentication(handle, code);
            if verdict.is_ok() {
                code = pam_acct_mgmt(handle, FLAGS);
                verdict = of_account(handle, code);
            }
            pam_end(handle, code);
            verdict
        }
    }
}

/// What pam_authenticate's code means.
///
/// # Safety
///
/// `handle` is what pam_start has made, and not ended.
unsafe fn of_authentication(handle: *mut Handle, code: c_int) -> Result<(), PasswordRefused> {
    match PamResultCode::try_from(code) {
        Ok(PAM_SUCCESS) => Ok(()),
        Ok(PAM_AUTH_ERR | PAM_USER_UNKNOWN | PAM_MAXTRIES | PAM_PERM_DENIED) => {
            Err(PasswordRefused::Wrong)
        }
        // SAFETY: the caller's promise.
        _ => Err(PasswordRefused::Unavailable(unsafe { text_of(handle, code) })),
    }
}

/// What pam_acct_mgmt's code means.
///
/// # Safety
///
/// As of [`of_authentication`].
unsafe fn of_account(handle: *mut Handle, code: c_int) -> Result<(), PasswordRefused> {
    let account = |why: &str| Err(PasswordRefused::Account(why.to_owned()));
    match PamResultCode::try_from(code) {
        Ok(PAM_SUCCESS) => Ok(()),
        Ok(PAM_NEW_AUTHTOK_REQD) => {
            account("the password has expired; change it with passwd first")
        }
        Ok(PAM_ACCT_EXPIRED) => account("the account has expired; ask an administrator"),
        Ok(PAM_PERM_DENIED | PAM_AUTH_ERR | PAM_USER_UNKNOWN) => {
            account("the account may not be used now; ask an administrator")
        }
        // SAFETY: the caller's promise.
        _ => Err(PasswordRefused::Unavailable(unsafe { text_of(handle, code) })),
    }
}

/// libpam's words for a code.
///
/// # Safety
///
/// As of [`of_authentication`].
unsafe fn text_of(handle: *mut Handle, code: c_int) -> String {
    // SAFETY: the caller's promise; what comes back is NULL or a string of libpam's own.
    let text = unsafe { pam_strerror(handle, code) };
    if text.is_null() {
        return format!("PAM code {code}");
    }
    // SAFETY: not NULL, and ends with a NUL.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Answers each question for something unseen with the password; tells nobody anything.
///
/// # Safety
///
/// As in pam_conv(3): `count` pointers to messages, and a place for the answers. `password` ends
/// with a NUL.
unsafe extern "C" fn answer(
    count: c_int,
    messages: *const *const Message,
    responses: *mut *mut Response,
    password: *mut c_void,
) -> c_int {
    if !(1..=MOST_MESSAGES).contains(&count) || messages.is_null() || responses.is_null() {
        return PAM_CONV_ERR as c_int;
    }
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: calloc of a checked number; libpam frees it and what is in it (pam_conv(3)).
    let array = unsafe { libc::calloc(count, size_of::<Response>()) }.cast::<Response>();
    if array.is_null() {
        return PAM_BUF_ERR as c_int;
    }
    for index in 0..count {
        // SAFETY: libpam gives `count` pointers to messages (Linux-PAM's form, pam_conv(3)).
        let style = unsafe { (**messages.add(index)).style };
        let code = match style {
            PAM_PROMPT_ECHO_OFF => {
                // SAFETY: the password that `check` put there; strdup's copy is libpam's, and
                // `index` is within the array. A NULL from strdup is no answer, which refuses.
                unsafe { (*array.add(index)).text = libc::strdup(password.cast()) };
                PAM_SUCCESS
            }
            PAM_TEXT_INFO | PAM_ERROR_MSG => PAM_SUCCESS,
            _ => PAM_CONV_ERR,
        };
        if code != PAM_SUCCESS {
            // SAFETY: all texts before are NULL or strdup's; nothing else has the array.
            unsafe {
                for before in 0..index {
                    let text = (*array.add(before)).text;
                    if !text.is_null() {
                        libc::explicit_bzero(text.cast(), libc::strlen(text));
                    }
                    libc::free(text.cast());
                }
                libc::free(array.cast());
            }
            return code as c_int;
        }
    }
    // SAFETY: checked not to be NULL; libpam's to write to.
    unsafe { *responses = array };
    PAM_SUCCESS as c_int
}
