//! The PAM service of our own password check.

/// The service's name, and its file's: `/etc/pam.d/cloud2fa`. By it the service checks the password of who
/// wants to change a second factor, so that the module, which its stack may include by way of common-auth,
/// must step aside for it. Log lines have it where there is no login.
pub const PAM_SERVICE: &str = "cloud2fa";
