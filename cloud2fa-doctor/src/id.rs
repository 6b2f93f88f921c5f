//! The words by which programs tell findings apart. They stay as they are.

/// Writes each id down once: its meaning, its name, its word.
macro_rules! ids {
    ($(#[doc = $meaning:literal] $name:ident = $word:literal;)+) => {
        /// What was found. cloud2fa(1) explains each, which a test sees to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Id {
            $(#[doc = $meaning] $name,)+
        }

        impl Id {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word in JSON.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

ids! {
    /// cloud2fa.toml or a file that `config=` names cannot be used.
    BadConfig = "bad_config";
    /// A password alone changes a second factor.
    ReauthenticatePassword = "reauthenticate_password";
    /// More codes are right at a time than phones need.
    WideSkew = "wide_skew";
    /// Apps show the codes under a name that many machines have.
    UsualIssuer = "usual_issuer";
    /// Wrong codes may follow each other faster than by default.
    WeakThrottle = "weak_throttle";
    /// An id in `accept` is none, is of something critical, or finds nothing any more.
    AcceptWithoutEffect = "accept_without_effect";
    /// A line names the module where libpam cannot load it, or where others may write to it.
    ModuleUnusable = "module_unusable";
    /// Another module, in a stack that asks for a code, cannot be loaded or may be written by others; a note where the control passes over it.
    OtherModuleUnusable = "other_module_unusable";
    /// Others than root may write to a file of PAM's, or to its directory.
    PamFileUnsafe = "pam_file_unsafe";
    /// The module stands in another place than auth.
    WrongType = "wrong_type";
    /// The module does not know an argument.
    BadArgument = "bad_argument";
    /// The module stands in a file that libpam does not read.
    PamConfIgnored = "pam_conf_ignored";
    /// The control passes over what the module refuses.
    WrongCodeLetsIn = "wrong_code_lets_in";
    /// The control passes over a store that cannot be asked.
    DoubtLetsIn = "doubt_lets_in";
    /// No way through a stack lets in who types the right code.
    NobodyGetsIn = "nobody_gets_in";
    /// A right password leads past the module.
    JumpedPast = "jumped_past";
    /// Something else than a password leads past the module.
    OtherWayIn = "other_way_in";
    /// A right password and another second factor lead past the module.
    SecondFactorBeside = "second_factor_beside";
    /// A condition leads some past the module.
    Exempt = "exempt";
    /// `after_key` stands where nobody proves a key.
    NoKeyElsewhere = "no_key_elsewhere";
    /// Nothing else than the code must be right.
    CodeAlone = "code_alone";
    /// The code is asked for before the password.
    BeforePassword = "before_password";
    /// A control jumps over more lines than there are, in a stack without the module.
    JumpTooFar = "jump_too_far";
    /// The password is taken for the code.
    FirstPassIsPassword = "first_pass_is_password";
    /// A module that doctor does not know is all that comes before the code.
    UnknownBeforeCode = "unknown_before_code";
    /// The module is asked twice in one login.
    AskedTwice = "asked_twice";
    /// Users who should be let in without an enrolment are refused.
    PolicyWithoutEffect = "policy_without_effect";
    /// A program that cannot ask for a code gets to the module.
    OneAnswer = "one_answer";
    /// A program lets in by the password itself when the module has refused.
    GoesRoundPam = "goes_round_pam";
    /// A program remembers who was let in, and does not ask again.
    AnswersRemembered = "answers_remembered";
    /// A program that asks anew at each request gets to the module, with password and code in one field.
    AsksEachRequest = "asks_each_request";
    /// A program that does not run as root gets to the module.
    DaemonNotRoot = "daemon_not_root";
    /// A stack has too many ways through it to look at all of them.
    StackUnclear = "stack_unclear";
    /// A password alone lets in at a program that the network reaches; a warning of ssh, where other logins ask for a code.
    PasswordAlone = "password_alone";
    /// Which services let in users without an enrolment.
    UnenrolledAllowed = "unenrolled_allowed";
    /// Which services refuse them.
    UnenrolledRefused = "unenrolled_refused";
    /// sshd cannot say how it is set.
    SshdUnreadable = "sshd_unreadable";
    /// sshd does not use PAM.
    SshdPamOff = "sshd_pam_off";
    /// sshd offers no method that can ask for a code.
    SshdNoQuestion = "sshd_no_question";
    /// sshd offers a method that cannot ask for a code, too.
    SshdPasswordMethod = "sshd_password_method";
    /// PAM's questions take a password where a file of sshd's says that none is taken.
    SshdPasswordReopened = "sshd_password_reopened";
    /// sshd lets in without a key, and the module asks behind one alone.
    SshdNotAskedWithoutKey = "sshd_not_asked_without_key";
    /// A key is enough for a login; a note where AuthenticationMethods says so.
    SshdKeyAlone = "sshd_key_alone";
    /// A code is enough for a login: neither password nor key is asked for.
    SshdCodeAlone = "sshd_code_alone";
    /// root may log in by a password alone.
    RootWithoutFactor = "root_without_factor";
    /// root cannot log in by ssh at all; a note where root has no key.
    SshdRootLockedOut = "sshd_root_locked_out";
    /// sshd gives PAM names of clients, which fail2ban's filter does not count.
    SshdUseDns = "sshd_use_dns";
    /// Settings of sshd hold for some only, and not all of them were looked at.
    SshdMatch = "sshd_match";
    /// sudo asks for another user's password and code than the caller's.
    SudoAsksForAnother = "sudo_asks_for_another";
    /// There is no store.
    StoreMissing = "store_missing";
    /// Others than root could have changed the store.
    StoreUnsafe = "store_unsafe";
    /// The store cannot be used for another reason.
    StoreUnusable = "store_unusable";
    /// The store is on a file system that is mounted read-only.
    StoreReadOnly = "store_read_only";
    /// The store is on btrfs without chattr +C, where a full disk stops logins.
    StoreCopiesOnWrite = "store_copies_on_write";
    /// The index of uids is not complete; critical where it says that it is.
    IndexIncomplete = "index_incomplete";
    /// One user's record is damaged, unsafe, or of another uid.
    RecordUnusable = "record_unusable";
    /// Users are locked after too many wrong codes.
    UserLocked = "user_locked";
    /// An enrolled user is not known to the system any more, and the uid is somebody's who is not enrolled.
    UserRenamed = "user_renamed";
    /// Enrolled users are not known to the system any more.
    UserUnknown = "user_unknown";
    /// Users have used up their backup codes.
    NoBackupCodes = "no_backup_codes";
    /// The clock is behind the last accepted codes.
    ClockBehind = "clock_behind";
    /// Nothing keeps the clock right.
    ClockUnsynchronised = "clock_unsynchronised";
    /// Whether something does cannot be said.
    ClockUnknown = "clock_unknown";
    /// The service is not switched on.
    ServiceOff = "service_off";
    /// The socket unit is enabled, and does not listen.
    ServiceNotListening = "service_not_listening";
    /// The socket unit listens, and is not enabled.
    ServiceNotEnabled = "service_not_enabled";
    /// The unit or the program behind the socket is missing.
    ServiceMissing = "service_missing";
    /// The service's sandbox does not have state_dir.
    ServiceCannotWrite = "service_cannot_write";
    /// Users cannot connect to the socket.
    ServiceSocket = "service_socket";
    /// The service has no PAM file to check passwords by.
    ServiceNoPamFile = "service_no_pam_file";
    /// `cloud2fa setup` has taken a change back that nobody had confirmed.
    SetupTakenBack = "setup_taken_back";
    /// A change by `cloud2fa setup` waits to be confirmed.
    SetupUnconfirmed = "setup_unconfirmed";
    /// What `cloud2fa setup` has changed cannot be read any more.
    SetupUnreadable = "setup_unreadable";
    /// Users are enrolled, and no service asks for a code.
    NeverAsked = "never_asked";
    /// Users can log in by password, are not enrolled, and refused.
    NotEnrolled = "not_enrolled";
}
