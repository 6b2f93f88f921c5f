//! A libpam application: what sshd, su and sudo are to the module.
//!
//! It answers prompts from a closure, writes down all that it is told, and never waits
//! after a failure (it writes down that it was asked to).
#![allow(unsafe_code)]

use crate::messages::{Code, Message, Reply, Style};
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::path::Path;
use std::ptr;

/// `PAM_SILENT`: say nothing but what must be said.
pub const SILENT: c_int = 0x8000;
/// `PAM_ESTABLISH_CRED`.
pub const ESTABLISH_CRED: c_int = 0x0002;
const PAM_CONV: c_int = 5;
const PAM_USER: c_int = 2;
const PAM_RHOST: c_int = 4;
const PAM_FAIL_DELAY: c_int = 10;

/// Answers prompts.
pub type Answerer<'a> = Box<dyn FnMut(&Message) -> Reply + 'a>;

/// Answers prompts with `replies`, one after another; then fails.
pub fn in_order<'a>(replies: Vec<Reply>) -> Answerer<'a> {
    let mut replies = replies.into_iter();
    Box::new(move |_| replies.next().unwrap_or(Reply::Fails(Code::CONV_ERR)))
}

/// What one stands on during a call into libpam.
struct Conversation<'a> {
    answerer: Answerer<'a>,
    shower: fn(&Message),
    /// Whether texts are taken, as most programs do.
    takes_texts: bool,
    messages: Vec<Message>,
    /// Microseconds that libpam asked us to wait.
    delays: Vec<u32>,
}

#[repr(C)]
struct PamMessage {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct PamResponse {
    answer: *mut c_char,
    unused: c_int,
}

type Converse =
    extern "C" fn(c_int, *mut *const PamMessage, *mut *mut PamResponse, *mut c_void) -> c_int;

#[repr(C)]
struct PamConv {
    converse: Option<Converse>,
    data: *mut c_void,
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const PamConv,
        directory: *const c_char,
        handle: *mut *mut c_void,
    ) -> c_int;
    fn pam_end(handle: *mut c_void, status: c_int) -> c_int;
    fn pam_authenticate(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_setcred(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_acct_mgmt(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_open_session(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_close_session(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_chauthtok(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_set_item(handle: *mut c_void, item: c_int, value: *const c_void) -> c_int;
    fn pam_get_item(handle: *const c_void, item: c_int, value: *mut *const c_void) -> c_int;
}

/// One of the calls that an application makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `pam_authenticate`
    Authenticate,
    /// `pam_setcred`
    SetCredentials,
    /// `pam_acct_mgmt`
    Account,
    /// `pam_open_session`
    OpenSession,
    /// `pam_close_session`
    CloseSession,
    /// `pam_chauthtok`
    ChangePassword,
}

/// From `pam_start` to `pam_end`.
pub struct Application<'a> {
    handle: *mut c_void,
    last: c_int,
    // Behind a raw pointer, since libpam holds the same one for as long as the handle lives.
    conversation: *mut Conversation<'a>,
}

impl<'a> Application<'a> {
    /// Starts `service`, whose file lies in `directory`, for `user`.
    pub fn start(
        directory: &Path,
        service: &str,
        user: Option<&str>,
        answerer: Answerer<'a>,
    ) -> Self {
        let state = Conversation {
            answerer,
            shower: |_| {},
            takes_texts: true,
            messages: Vec::new(),
            delays: Vec::new(),
        };
        let conversation = Box::into_raw(Box::new(state));
        let (service, directory) = (c_string(service), c_string(&directory.to_string_lossy()));
        let user = user.map(c_string);
        let user = user.as_ref().map_or(ptr::null(), |user| user.as_ptr());
        let callback = PamConv { converse: Some(converse), data: conversation.cast() };
        let mut handle = ptr::null_mut();
        // SAFETY: strings end with NULs; libpam copies them and the structure (pam_start(3)).
        let code = unsafe {
            pam_start_confdir(
                service.as_ptr(),
                user,
                &raw const callback,
                directory.as_ptr(),
                &raw mut handle,
            )
        };
        assert_eq!(Code(code), Code::SUCCESS, "pam_start_confdir");
        let application = Self { handle, last: 0, conversation };
        application.set(
            PAM_FAIL_DELAY,
            do_not_wait as extern "C" fn(c_int, c_uint, *mut c_void) as *const c_void,
        );
        application
    }

    /// Where the user comes from.
    pub fn set_remote_host(&self, host: &str) {
        self.set(PAM_RHOST, c_string(host).as_ptr().cast());
    }

    /// Calls `shower` with each message when it comes, before it is answered.
    pub fn show_as_they_come(&mut self, shower: fn(&Message)) {
        // SAFETY: as in `messages`.
        unsafe { (*self.conversation).shower = shower };
    }

    /// From now on the conversation fails for whatever is no prompt.
    pub fn refuse_texts(&mut self) {
        // SAFETY: as in `messages`.
        unsafe { (*self.conversation).takes_texts = false };
    }

    /// Changes the user from within a conversation, as some programs do.
    pub fn user_setter(&self) -> UserSetter {
        UserSetter(self.handle)
    }

    /// Takes the conversation away, as far as libpam lets one: a structure without a function.
    pub fn drop_conversation(&self) {
        let nobody = PamConv { converse: None, data: ptr::null_mut() };
        self.set(PAM_CONV, (&raw const nobody).cast());
    }

    /// `PAM_USER` as it is now.
    pub fn user(&self) -> String {
        let mut value = ptr::null();
        // SAFETY: the handle is live; the value stays libpam's and is copied at once.
        let code = unsafe { pam_get_item(self.handle, PAM_USER, &raw mut value) };
        assert!(code == 0 && !value.is_null(), "there is a PAM_USER");
        // SAFETY: PAM_USER is a string that ends with a NUL.
        unsafe { CStr::from_ptr(value.cast()) }.to_string_lossy().into_owned()
    }

    fn set(&self, item: c_int, value: *const c_void) {
        // SAFETY: the handle is live; libpam copies what `value` points to (pam_set_item(3)).
        let code = unsafe { pam_set_item(self.handle, item, value) };
        assert_eq!(Code(code), Code::SUCCESS, "pam_set_item {item}");
    }

    /// What a module gets.
    pub(crate) fn handle(&self) -> *mut c_void {
        self.handle
    }

    /// Makes one call.
    pub fn call(&mut self, call: Call, flags: c_int) -> Code {
        let function = match call {
            Call::Authenticate => pam_authenticate,
            Call::SetCredentials => pam_setcred,
            Call::Account => pam_acct_mgmt,
            Call::OpenSession => pam_open_session,
            Call::CloseSession => pam_close_session,
            Call::ChangePassword => pam_chauthtok,
        };
        // SAFETY: the handle is live, and no reference into the conversation is held here.
        self.last = unsafe { function(self.handle, flags) };
        Code(self.last)
    }

    /// `pam_authenticate` with `flags`.
    pub fn authenticate(&mut self, flags: c_int) -> Code {
        self.call(Call::Authenticate, flags)
    }

    /// All that modules have said so far.
    pub fn messages(&self) -> &[Message] {
        // SAFETY: made by Box::into_raw, freed in drop alone; libpam writes to it in `call` alone.
        unsafe { &(*self.conversation).messages }
    }

    /// Microseconds that libpam wanted us to wait, one for each failure.
    pub fn delays(&self) -> &[u32] {
        // SAFETY: as in `messages`.
        unsafe { &(*self.conversation).delays }
    }
}

/// See [`Application::user_setter`]. For use before the application ends.
pub struct UserSetter(*mut c_void);

impl UserSetter {
    /// Sets `PAM_USER`.
    pub fn set(&self, user: &str) {
        let user = c_string(user);
        // SAFETY: the conversation that holds this belongs to the live handle; libpam copies the string.
        unsafe { pam_set_item(self.0, PAM_USER, user.as_ptr().cast()) };
    }
}

impl Drop for Application<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is live, and not used again.
        unsafe { pam_end(self.handle, self.last) };
        // SAFETY: made by Box::into_raw; libpam has ended and does not use it any more.
        drop(unsafe { Box::from_raw(self.conversation) });
    }
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("no NUL in it")
}

/// libpam leaves it to this function whether to sleep, and calls it after successes, too.
extern "C" fn do_not_wait(code: c_int, microseconds: c_uint, data: *mut c_void) {
    if code == Code::SUCCESS.0 || microseconds == 0 {
        return;
    }
    // SAFETY: libpam passes the conversation's data; nobody else uses it during a call. It is
    // NULL after `drop_conversation`.
    if let Some(conversation) = unsafe { data.cast::<Conversation<'_>>().as_mut() } {
        conversation.delays.push(microseconds);
    }
}

extern "C" fn converse(
    count: c_int,
    messages: *mut *const PamMessage,
    responses: *mut *mut PamResponse,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the data that `start` gave; nobody else uses it during a call.
    let conversation = unsafe { &mut *data.cast::<Conversation<'_>>() };
    let count = usize::try_from(count).unwrap_or_default();
    // SAFETY: libpam frees this with free(); zeros are answers of NULL.
    let array: *mut PamResponse =
        unsafe { libc::calloc(count.max(1), size_of::<PamResponse>()) }.cast();
    for index in 0..count {
        // SAFETY: Linux-PAM's convention: an array of `count` pointers to messages.
        let message = unsafe { &**messages.add(index) };
        // SAFETY: a message's text ends with a NUL.
        let text = unsafe { CStr::from_ptr(message.text) }.to_string_lossy().into_owned();
        let style = match message.style {
            1 => Style::AskHidden,
            2 => Style::AskShown,
            3 => Style::Reason,
            4 => Style::Information,
            other => panic!("a message of the unknown style {other}"),
        };
        let message = Message { style, text };
        conversation.messages.push(message.clone());
        (conversation.shower)(&message);
        if !message.is_prompt() {
            if conversation.takes_texts {
                continue;
            }
            // SAFETY: allocated above, given to nobody.
            unsafe { libc::free(array.cast()) };
            return Code::CONV_ERR.0;
        }
        match (conversation.answerer)(&message) {
            Reply::Answer(answer) => {
                let answer: Vec<u8> = answer.into_iter().take_while(|byte| *byte != 0).collect();
                let answer = CString::new(answer).expect("cut at the first NUL");
                // SAFETY: `array` has `count` elements; the module frees the copy with free().
                unsafe { (*array.add(index)).answer = libc::strdup(answer.as_ptr()) };
            }
            Reply::NoAnswer => {}
            failure @ (Reply::NoArray | Reply::Fails(_)) => {
                // SAFETY: allocated above, given to nobody. Earlier answers leak: there is one prompt a call.
                unsafe { libc::free(array.cast()) };
                let Reply::Fails(code) = failure else {
                    // SAFETY: libpam gives a place for the array.
                    unsafe { *responses = ptr::null_mut() };
                    return Code::SUCCESS.0;
                };
                return code.0;
            }
        }
    }
    // SAFETY: libpam gives a place for the array, and owns it from here.
    unsafe { *responses = array };
    Code::SUCCESS.0
}
