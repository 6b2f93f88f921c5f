//! All unsafe code of the module: the entry points, libpam's functions, mapped memory.
//!
//! The entry points come from pam-bindings, which checks handle and arguments. Behind
//! them is one door, [`guarded`], that no panic passes.
#![allow(unsafe_code, missing_docs)]

use crate::AFTER_A_PANIC;
use crate::c_line::{c_line, priority};
use crate::host::{Host, Tone, Typed};
use crate::io_class;
use crate::login;
use argon2::Block;
use cloud2fa::backup_codes::HashMemory;
use cloud2fa::log::Severity;
use cloud2fa::store::files::Shield;
use cloud2fa::user::BadUserName;
use cloud2fa::{Known, Names, UnixTime, User, UserName};
use pam::constants::{
    PAM_ERROR_MSG, PAM_PROMPT_ECHO_OFF, PAM_SILENT, PAM_TEXT_INFO, PamFlag, PamResultCode,
};
use pam::conv::Conv;
use pam::items::{AuthTok, ItemType, RHost, Service};
use pam::module::{PamHandle, PamHooks};
use std::ffi::{CStr, CString, c_char, c_int, c_long, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Once;
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// Microseconds to wait before a failure is reported; libpam varies it by half (pam_fail_delay(3)).
const FAIL_DELAY: c_uint = 2_000_000;

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_syslog(pamh: *const PamHandle, priority: c_int, format: *const c_char, ...);
    fn pam_fail_delay(pamh: *mut PamHandle, microseconds: c_uint) -> c_int;
    fn pam_modutil_getpwnam(pamh: *mut PamHandle, user: *const c_char) -> *const libc::passwd;
    fn pam_getenv(pamh: *mut PamHandle, name: *const c_char) -> *const c_char;
    fn pam_set_item(pamh: *mut PamHandle, item_type: c_int, item: *const c_void) -> c_int;
}

struct Cloud2fa;

pam::pam_hooks!(Cloud2fa);

impl PamHooks for Cloud2fa {
    fn sm_authenticate(
        handle: &mut PamHandle,
        arguments: Vec<&CStr>,
        flags: PamFlag,
    ) -> PamResultCode {
        guarded(handle, |handle| {
            let _usual_io = UsualIo::begin();
            let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_bytes()).collect();
            let mut host = LibPam { handle, silent: flags & PAM_SILENT != 0 };
            login::authenticate(&mut host, &arguments, Box::new(MappedMemory(None)))
        })
    }

    /// There are no credentials to set. An error here would turn a good login into a failed one; and where
    /// success ends a stack (`after_key`), so would it for the modules below, which have some. sshd sets
    /// credentials in another process than the one that has asked: libpam does not remember there what was said.
    fn sm_setcred(_: &mut PamHandle, arguments: Vec<&CStr>, _: PamFlag) -> PamResultCode {
        if arguments.contains(&c"after_key") {
            return PamResultCode::PAM_IGNORE;
        }
        PamResultCode::PAM_SUCCESS
    }
}

/// The door: a panic ends here, as a refusal.
fn guarded(
    handle: &mut PamHandle,
    work: impl FnOnce(&mut PamHandle) -> PamResultCode,
) -> PamResultCode {
    // std's own hook would print the panic on the user's terminal. This is the copy of
    // std inside the module: the program's own hook, if it is Rust, is another.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    match catch_unwind(AssertUnwindSafe(|| work(handle))) {
        Ok(code) => code,
        Err(payload) => {
            // Dropping it might panic again.
            std::mem::forget(payload);
            login::wipe_stack();
            // The one that was held is lowered by now.
            let _as_root = Shield::raise();
            syslog(
                handle,
                Severity::Alert,
                c"refused user=\"\" reason=panic: please report this bug",
            );
            AFTER_A_PANIC
        }
    }
}

/// libpam, for one call of the module.
struct LibPam<'h> {
    handle: &'h mut PamHandle,
    silent: bool,
}

impl LibPam<'_> {
    fn send(&self, style: c_int, text: &str) -> Result<Option<Typed>, PamResultCode> {
        let conversation =
            self.handle.get_item::<Conv<'_>>()?.ok_or(PamResultCode::PAM_CONV_ERR)?;
        let answer = conversation.send(style, text)?;
        Ok(answer.map(|answer| Zeroizing::new(answer.as_bytes().to_vec())))
    }
}

impl Names for LibPam<'_> {
    /// By libc itself: pam_modutil_getpwnam does not tell "no such user" from "nobody can say".
    fn uid_of(&self, name: &UserName) -> Known {
        nix::unistd::User::from_name(name.as_str()).into()
    }
}

impl Host for LibPam<'_> {
    fn service(&self) -> String {
        let service = self.handle.get_item::<Service<'_>>().ok().flatten();
        service.map(|service| service.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn remote_host(&self) -> Option<String> {
        let host = self.handle.get_item::<RHost<'_>>().ok().flatten();
        host.map(|host| host.to_string_lossy().into_owned())
    }

    fn proven_by_sshd(&mut self) -> Option<Vec<u8>> {
        // SAFETY: the handle is libpam's own; the name ends with a NUL.
        let value = unsafe { pam_getenv(self.handle, c"SSH_AUTH_INFO_0".as_ptr()) };
        let value = NonNull::new(value.cast_mut())?;
        // SAFETY: what is not NULL is a string of libpam's, which nobody changes before it is copied
        // (pam_getenv(3)).
        Some(unsafe { CStr::from_ptr(value.as_ptr()) }.to_bytes().to_vec())
    }

    fn user_name(&mut self) -> Result<String, PamResultCode> {
        self.handle.get_user(None)
    }

    fn find_user(&mut self, name: &str) -> Option<Result<User, BadUserName>> {
        let name = CString::new(name).ok()?;
        // SAFETY: the handle is libpam's own; `name` ends with a NUL and lives through the call.
        // What comes back is NULL or an entry that lives as long as the handle (pam_modutil.h).
        unsafe { user_of(pam_modutil_getpwnam(self.handle, name.as_ptr())) }
    }

    fn first_pass(&self) -> Option<Typed> {
        let password = self.handle.get_item::<AuthTok<'_>>().ok().flatten()?;
        Some(Zeroizing::new(password.as_bytes().to_vec()))
    }

    fn hand_on(&mut self, password: &[u8]) -> Result<(), PamResultCode> {
        let mut terminated = Zeroizing::new(Vec::with_capacity(password.len() + 1));
        terminated.extend_from_slice(password);
        terminated.push(0);
        // SAFETY: libpam copies the string, which ends with a NUL (pam_set_item(3)).
        let code = unsafe {
            pam_set_item(self.handle, ItemType::AuthTok as c_int, terminated.as_ptr().cast())
        };
        match PamResultCode::try_from(code) {
            Ok(PamResultCode::PAM_SUCCESS) => Ok(()),
            Ok(code) => Err(code),
            Err(_) => Err(PamResultCode::PAM_SYSTEM_ERR),
        }
    }

    fn ask(&mut self, prompt: &str) -> Result<Typed, PamResultCode> {
        #[cfg(feature = "deliberate-panic")]
        panic!("a panic that a test has asked for, with a secret: {prompt}");
        #[cfg(not(feature = "deliberate-panic"))]
        // Success without an answer is what some programs give at the end of their input.
        self.send(PAM_PROMPT_ECHO_OFF, prompt)?.ok_or(PamResultCode::PAM_CONV_ERR)
    }

    fn tell(&mut self, tone: Tone, text: &str) {
        let style = match tone {
            Tone::Information if self.silent => return,
            Tone::Information => PAM_TEXT_INFO,
            Tone::Reason => PAM_ERROR_MSG,
        };
        let _ = self.send(style, text);
    }

    fn delay_failure(&mut self) {
        // SAFETY: the handle is libpam's own. A failure means that nobody waits.
        unsafe { pam_fail_delay(self.handle, FAIL_DELAY) };
    }

    fn log(&mut self, severity: Severity, line: &str) {
        syslog(self.handle, severity, &c_line(line));
    }

    fn now(&self) -> UnixTime {
        // Before 1970: the clock went back as far as it can.
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixTime(since_1970.as_secs())
    }
}

/// The user of a passwd entry.
///
/// # Safety
///
/// `entry` is NULL or points to an entry as getpwnam(3) describes it.
unsafe fn user_of(entry: *const libc::passwd) -> Option<Result<User, BadUserName>> {
    // SAFETY: the caller's promise.
    let entry = unsafe { entry.as_ref() }?;
    let name = NonNull::new(entry.pw_name)?;
    // SAFETY: a name in a passwd entry ends with a NUL (getpwnam(3)).
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    let name = name.to_str().map_err(|_| BadUserName::NotUtf8).and_then(UserName::new);
    Some(name.map(|name| User { name, uid: entry.pw_uid }))
}

/// Writes to the system's log with the module's name, the service and LOG_AUTHPRIV, which libpam adds.
fn syslog(handle: &PamHandle, severity: Severity, line: &CStr) {
    // SAFETY: the format is ours and takes the one string that follows, which ends with a NUL.
    unsafe { pam_syslog(handle, priority(severity), c"%s".as_ptr(), line.as_ptr()) };
}

/// The I/O class of this thread is no lower than usual until this is dropped ([`io_class`]).
struct UsualIo(Option<c_long>);

impl UsualIo {
    /// ioprio_get(2): a thread, 0 is this one.
    const OF_THREAD: c_int = 1;

    fn begin() -> Self {
        // By their numbers, all three: each function of libc that the module names is looked up by each
        // login. SAFETY: numbers alone; 0 is this thread in each.
        let (class, policy, priority) = unsafe {
            (
                libc::syscall(libc::SYS_ioprio_get, Self::OF_THREAD, 0),
                libc::syscall(libc::SYS_sched_getscheduler, 0),
                libc::syscall(libc::SYS_getpriority, libc::PRIO_PROCESS, 0),
            )
        };
        let back = io_class::to_put_back(class, policy, priority);
        Self(back.filter(|_| Self::set(io_class::USUAL)))
    }

    fn set(class: c_long) -> bool {
        // SAFETY: numbers alone. Neither the usual class nor a lower one takes a right.
        unsafe { libc::syscall(libc::SYS_ioprio_set, Self::OF_THREAD, 0, class) == 0 }
    }
}

impl Drop for UsualIo {
    fn drop(&mut self) {
        self.0.map(Self::set);
    }
}

/// Working memory for Argon2 that is the system's again as soon as the hash is made: the
/// allocator would keep it for as long as the program runs, which may be for ever.
struct MappedMemory(Option<Mapping>);

/// A private mapping of anonymous memory; unmapped when dropped.
struct Mapping {
    address: NonNull<Block>,
    blocks: usize,
}

// SAFETY: the mapping is this value's alone, and any thread may use and unmap it.
unsafe impl Send for Mapping {}

// A Block may lie in a mapping: pages are aligned more strictly, and zeros are a Block.
const _: () = assert!(align_of::<Block>() <= 4096 && size_of::<Block>() == 1024);

impl Mapping {
    fn of(blocks: usize) -> Option<Self> {
        let bytes = blocks.checked_mul(size_of::<Block>()).filter(|bytes| *bytes > 0)?;
        // SAFETY: a new anonymous mapping, at no address of ours.
        let address = unsafe {
            let (protection, flags) =
                (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0)
        };
        if address == libc::MAP_FAILED {
            return None;
        }
        // SAFETY: the mapping just made. Where the advice is not taken, a core dump is larger.
        unsafe { libc::madvise(address, bytes, libc::MADV_DONTDUMP) };
        Some(Self { address: NonNull::new(address.cast())?, blocks })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the whole of the mapping that `of` made; no slice of it lives any more.
        unsafe { libc::munmap(self.address.as_ptr().cast(), self.blocks * size_of::<Block>()) };
    }
}

impl HashMemory for MappedMemory {
    fn blocks(&mut self, blocks: usize) -> Option<&mut [Block]> {
        self.0 = Mapping::of(blocks);
        let mapping = self.0.as_mut()?;
        // SAFETY: the mapping is that long, is ours alone, is zeros, which are Blocks, and is borrowed as long as the slice.
        Some(unsafe { std::slice::from_raw_parts_mut(mapping.address.as_ptr(), mapping.blocks) })
    }

    fn release(&mut self) {
        self.0 = None;
    }
}
