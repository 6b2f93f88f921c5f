//! The built module, loaded and called as libpam does, but with no stack around it.
#![allow(unsafe_code)]

use crate::libpam::Application;
use crate::machine;
use crate::messages::Code;
use std::ffi::{CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

/// What libpam calls in a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPoint {
    /// `pam_sm_authenticate`
    Authenticate,
    /// `pam_sm_setcred`
    SetCredentials,
    /// `pam_sm_acct_mgmt`
    Account,
    /// `pam_sm_open_session`
    OpenSession,
    /// `pam_sm_close_session`
    CloseSession,
    /// `pam_sm_chauthtok`
    ChangePassword,
}

impl EntryPoint {
    /// All six.
    pub const ALL: [Self; 6] = [
        Self::Authenticate,
        Self::SetCredentials,
        Self::Account,
        Self::OpenSession,
        Self::CloseSession,
        Self::ChangePassword,
    ];

    /// The exported name.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Authenticate => "pam_sm_authenticate",
            Self::SetCredentials => "pam_sm_setcred",
            Self::Account => "pam_sm_acct_mgmt",
            Self::OpenSession => "pam_sm_open_session",
            Self::CloseSession => "pam_sm_close_session",
            Self::ChangePassword => "pam_sm_chauthtok",
        }
    }
}

type Function = unsafe extern "C" fn(*mut c_void, c_int, c_int, *const *const c_char) -> c_int;

/// Unloaded when dropped.
#[derive(Debug)]
pub struct LoadedModule(*mut c_void);

impl LoadedModule {
    /// Loads the built module.
    pub fn open() -> Self {
        Self::open_file(&machine::module())
    }

    /// Loads the module at `path`, as libpam does.
    pub fn open_file(path: &Path) -> Self {
        let name = CString::new(path.as_os_str().as_bytes()).expect("no NUL in a path");
        // SAFETY: the name ends with a NUL; what the module does when loaded is what is tested.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) };
        assert!(!library.is_null(), "{} cannot be loaded", path.display());
        Self(library)
    }

    /// Calls `function`; without an application, with a NULL handle.
    pub fn call(
        &self,
        function: EntryPoint,
        application: Option<&Application<'_>>,
        arguments: &[&str],
    ) -> Code {
        let arguments: Vec<_> =
            arguments.iter().map(|text| CString::new(*text).expect("no NUL in it")).collect();
        let pointers: Vec<_> = arguments.iter().map(|text| text.as_ptr()).collect();
        let count = c_int::try_from(pointers.len()).expect("a few");
        self.call_raw(function, application, count, &pointers)
    }

    /// The same with a count and pointers that need not fit together; no pointers at all
    /// are a NULL array.
    pub fn call_raw(
        &self,
        function: EntryPoint,
        application: Option<&Application<'_>>,
        count: c_int,
        arguments: &[*const c_char],
    ) -> Code {
        let handle = application.map_or(ptr::null_mut(), Application::handle);
        let array = if arguments.is_empty() { ptr::null() } else { arguments.as_ptr() };
        let symbol = CString::new(function.symbol()).expect("no NUL in it");
        // SAFETY: the library is loaded; the name ends with a NUL.
        let address = unsafe { libc::dlsym(self.0, symbol.as_ptr()) };
        assert!(!address.is_null(), "the module has no {}", function.symbol());
        // SAFETY: all six have this type (pam_sm_authenticate(3) and the like).
        let call: Function = unsafe { std::mem::transmute(address) };
        // SAFETY: the handle is live or NULL, the array as long as `count` says or NULL: the
        // module must refuse NULLs by itself.
        Code(unsafe { call(handle, 0, count, array) })
    }
}

impl Drop for LoadedModule {
    fn drop(&mut self) {
        // SAFETY: opened by us; no function of it runs any more.
        unsafe { libc::dlclose(self.0) };
    }
}
