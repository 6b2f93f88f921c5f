//! `cloud2fa doctor` on a healthy machine, and on machines where PAM's files or sshd's are broken
//! in one place each.
#![allow(missing_docs)]

use cloud2fa_tests::checkup::{
    Checkup, MODULE, STORE, all, breaking, doctor, ids, look, set_mode, set_service, set_sshd,
    shell,
};

/// Names, modes, sizes and times of all files that doctor looks at.
fn state_of_the_machine() -> Vec<u8> {
    let directories = ["/etc", STORE, "/run/cloud2fa", "/run/sshd"];
    let form = ["-printf", "%p %m %s %T@ %C@\n"];
    std::process::Command::new("find").args(directories).args(form).output().unwrap().stdout
}

#[test]
fn a_healthy_machine_has_nothing_wrong_and_is_left_as_it_is() {
    let _checkup = Checkup::healthy();
    let before = state_of_the_machine();
    let short = doctor(&[]);
    assert!(short.status == 0 && short.output.starts_with("Nothing is wrong."), "{short:?}");
    assert!(short.output.lines().count() <= 12, "{short:?}");
    let ended = doctor(&["--verbose"]);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(state_of_the_machine() == before, "something was changed");
    let lines: Vec<_> = ended.output.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", ended.output);
    let from = lines.iter().position(|line| *line == "Nothing wrong. Checked:").unwrap();
    let areas: Vec<_> =
        lines[from + 1..].iter().filter_map(|line| line.split(':').next()).collect();
    let expected =
        ["configuration", "PAM", "store", "sshd", "network", "clock", "service", "users"];
    assert_eq!(areas.iter().map(|area| area.trim()).collect::<Vec<_>>(), expected);
    assert!(
        !ended.output.contains("CRITICAL") && !ended.output.contains("WARNING"),
        "{}",
        ended.output
    );
}

#[test]
fn a_monitor_is_told_the_worst_by_the_exit_status() {
    let checkup = Checkup::healthy();
    let healthy = doctor(&["--monitor"]);
    assert_eq!((healthy.status, healthy.output.lines().count()), (0, 1), "{healthy:?}");
    shell("chmod 0666 /etc/cloud2fa/cloud2fa.toml");
    let critical = doctor(&["--monitor"]);
    assert!(critical.status == 2 && critical.output.starts_with("1 critical"), "{critical:?}");
    // What it is, and what to do.
    let listed = doctor(&[]);
    assert!(listed.status == 1 && listed.output.contains("CRITICAL bad_config: "), "{listed:?}");
    let explained = doctor(&["bad_config"]);
    assert!(
        explained.output.contains("Fix: ") && explained.output.contains("[bad_config]"),
        "{explained:?}"
    );
    let unknown = doctor(&["bad_confug"]);
    assert!(unknown.status == 2 && unknown.errors.contains("bad_config"), "{unknown:?}");
    drop(checkup);
    let nobody = ["setpriv", "--reuid=65534", "--clear-groups"].map(str::to_owned);
    let mut command = std::process::Command::new(&nobody[0]);
    command.args(&nobody[1..]).arg(cloud2fa_tests::command::path()).args(["doctor", "--monitor"]);
    let refused = cloud2fa_tests::command::ended(&mut command);
    assert_eq!(refused.status, 3, "{refused:?}");
}

/// A stack of sshd's; `COMMON` stands for the password's stage, `MODULE` for the module's path.
fn set_stack(text: &str) {
    let text = text.replace("COMMON", "@include common-auth").replace("MODULE", MODULE);
    set_service("sshd", &[&text]);
}

/// What is wrong with the stack, the stack, and what is found.
const STACKS: &[(&str, &str, &[&str])] = &[
    ("optional", "COMMON\nauth optional MODULE nullok", &["wrong_code_lets_in"]),
    ("sufficient", "COMMON\nauth sufficient MODULE nullok", &["wrong_code_lets_in"]),
    (
        "its name is misspelt, so that everybody is refused",
        "COMMON\nauth required pam_cloud2f.so nullok",
        &["other_module_unusable"],
    ),
    (
        "what the module refuses is ignored",
        "COMMON\nauth [success=ok default=ignore] MODULE nullok",
        &["wrong_code_lets_in"],
    ),
    (
        "a store that is gone is ignored",
        "COMMON\nauth [success=ok ignore=ignore authinfo_unavail=ignore default=bad] MODULE nullok",
        &["doubt_lets_in"],
    ),
    (
        "nullok, and nobody is let in by it",
        "COMMON\nauth [success=ok default=bad] MODULE nullok",
        &["policy_without_effect", "not_enrolled", "unenrolled_refused"],
    ),
    ("an unknown argument", "COMMON\nauth required MODULE nullok nulok", &["bad_argument"]),
    (
        "a configuration that is missing",
        "COMMON\nauth required MODULE nullok config=/etc/no",
        &["bad_config"],
    ),
    (
        "a configuration that others may write",
        "COMMON\nauth required MODULE nullok config=/etc/cloud2fa/other.toml",
        &["bad_config"],
    ),
    (
        "the module for accounts",
        "COMMON\nauth required MODULE nullok\naccount required MODULE",
        &["wrong_type"],
    ),
    (
        "the module without its ending",
        "COMMON\nauth required pam_cloud2fa nullok",
        &["module_unusable"],
    ),
    (
        "another module that is missing",
        "auth required pam_nosuch.so\nCOMMON\nauth required MODULE nullok",
        &["other_module_unusable"],
    ),
    (
        "the module is not where libpam looks",
        "COMMON\n-auth required pam_cloud2fa.so nullok",
        &["module_unusable"],
    ),
    ("a control that is no word", "COMMON\nauth reqired MODULE nullok", &["nobody_gets_in"]),
    (
        "a jump past it",
        "auth [success=2 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n\
         auth required MODULE nullok\nauth required pam_permit.so",
        &["jumped_past"],
    ),
    (
        "a stack that ends before it",
        "auth include system-auth\nauth required MODULE nullok",
        &["jumped_past"],
    ),
    (
        "a fingerprint before it",
        "auth sufficient pam_fprintd.so\nCOMMON\nauth required MODULE nullok",
        &["other_way_in", "other_module_unusable"],
    ),
    (
        "a group that is let off",
        "COMMON\nauth [success=1 default=ignore] pam_succeed_if.so user ingroup emergency\n\
         auth required MODULE nullok",
        &["exempt"],
    ),
    ("before the password", "auth required MODULE nullok\nCOMMON", &["before_password"]),
    ("twice", "auth include own-auth\nauth required MODULE nullok", &["asked_twice"]),
    (
        "an included file that is missing",
        "COMMON\nauth required MODULE nullok\nauth include no-such-file",
        &["nobody_gets_in"],
    ),
];

#[test]
fn what_is_wrong_with_a_stack_is_found() {
    for (what, stack, expected) in STACKS {
        breaking(
            what,
            |_| {
                std::fs::write("/etc/cloud2fa/other.toml", "").unwrap();
                set_mode("/etc/cloud2fa/other.toml", 0o666);
                set_service(
                    "system-auth",
                    &["auth sufficient pam_unix.so", "auth required pam_deny.so"],
                );
                let common = std::fs::read_to_string("/etc/pam.d/common-auth").unwrap();
                set_service("own-auth", &[&common, &format!("auth required {MODULE} nullok")]);
                set_stack(stack);
            },
            expected,
        );
    }
}

#[test]
fn what_is_wrong_with_module_and_other_services_is_found() {
    all(&[
        ("the module is missing", |_| std::fs::remove_file(MODULE).unwrap(), &["module_unusable"]),
        ("others may write to the module", |_| set_mode(MODULE, 0o666), &["module_unusable"]),
        ("the module is empty", |_| std::fs::write(MODULE, "").unwrap(), &["module_unusable"]),
        (
            "the module is cut off",
            |_| shell(&format!("truncate -s -4096 {MODULE}")),
            &["module_unusable"],
        ),
        (
            "the module's directory is somebody's",
            |_| {
                shell(&format!("mkdir -p /run/s; cp {MODULE} /run/s; chown alice /run/s"));
                set_stack("COMMON\nauth required /run/s/pam_cloud2fa.so nullok");
            },
            &["module_unusable"],
        ),
        (
            "sudo with a code alone",
            |_| set_service("sudo", &["auth required /run/pam_cloud2fa.so nullok"]),
            &["code_alone", "policy_without_effect", "not_enrolled", "unenrolled_refused"],
        ),
        (
            "a mail server",
            |_| {
                let stack = ["@include common-auth", "auth required /run/pam_cloud2fa.so nullok"];
                set_service("dovecot", &stack);
            },
            &["one_answer"],
        ),
        (
            "a file that libpam does not read",
            |_| std::fs::write("/etc/pam.conf", "login auth required pam_cloud2fa.so\n").unwrap(),
            &["pam_conf_ignored"],
        ),
    ]);
}

#[test]
fn a_module_in_a_directory_where_libpam_does_not_look_is_not_there() {
    let checkup = Checkup::healthy();
    let layers = "lowerdir=/usr/lib,upperdir=/run/usr-lib,workdir=/run/usr-lib-work";
    shell(&format!(
        "mkdir -p /run/usr-lib/other/security /run/usr-lib-work; cp {MODULE} /run/usr-lib/other/security; \
         mount -t overlay -o {layers} machine /usr/lib"
    ));
    set_stack("COMMON\nauth required pam_cloud2fa.so nullok");
    let found = look(&[]);
    shell("umount -l /usr/lib");
    assert!(ids(&found).contains("module_unusable"), "{found:?}");
    drop(checkup);
}

#[test]
fn a_file_of_pam_s_that_others_may_write_is_found() {
    all(&[
        ("a service", |_| set_mode("/etc/pam.d/sshd", 0o666), &["pam_file_unsafe"]),
        ("what it includes", |_| shell("chown alice /etc/pam.d/common-auth"), &["pam_file_unsafe"]),
        ("the directory", |_| set_mode("/etc/pam.d", 0o775), &["pam_file_unsafe"]),
        (
            "a file elsewhere, which has nothing in it",
            |_| {
                shell("mkdir -p /run/pam; : >/run/pam/empty; chmod 0664 /run/pam/empty");
                set_stack("COMMON\n@include /run/pam/empty\nauth required MODULE nullok");
            },
            &["pam_file_unsafe"],
        ),
    ]);
}

/// The stack that a healthy machine has, and one that asks for a code alone.
const BOTH: &str = "COMMON\nauth required MODULE nullok";
const CODE_ALONE: &str = "auth required MODULE nullok\nauth required pam_permit.so";

/// What is wrong with sshd, its settings, its stack, and what is found.
const SSHD: &[(&str, &str, &str, &[&str])] = &[
    ("no PAM", "UsePAM no", BOTH, &["sshd_pam_off"]),
    (
        "the password's method alone",
        "KbdInteractiveAuthentication no\nPasswordAuthentication yes\nAuthenticationMethods password",
        BOTH,
        &["sshd_no_question"],
    ),
    (
        "the password's method, too",
        "PasswordAuthentication yes\nAuthenticationMethods any\nPubkeyAuthentication no",
        BOTH,
        &["sshd_password_method"],
    ),
    ("keys alone by default", "AuthenticationMethods any", BOTH, &["sshd_key_alone"]),
    ("a code alone", "", CODE_ALONE, &["sshd_code_alone"]),
    (
        "nothing: the key comes before the code",
        "AuthenticationMethods publickey,keyboard-interactive:pam",
        CODE_ALONE,
        &[],
    ),
    ("names instead of addresses in the log", "UseDNS yes", BOTH, &["sshd_use_dns"]),
    ("a Match block", "Match User git\nAuthenticationMethods publickey", BOTH, &["sshd_match"]),
    ("it does not start", "NoSuchKeyword yes", BOTH, &["sshd_unreadable"]),
];

/// Writes a file, and the directories that it lies in.
fn write(path: &str, text: &str) {
    std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// root's entry in shadow(5).
fn set_root_password(hash: &str) {
    shell(&format!("sed -i 's|^root:[^:]*:|root:{hash}:|' /etc/shadow"));
}

#[test]
fn a_root_who_has_a_password_needs_a_second_factor() {
    let root_may = |hash| {
        set_sshd("PermitRootLogin yes");
        set_root_password(hash);
    };
    breaking("root by password", |_| root_may("$6$x$y"), &["root_without_factor"]);
    breaking("root has no password", |_| root_may("*"), &[]);
}

#[test]
fn a_root_whose_key_is_not_enough_any_more_is_found() {
    let ssh_keys = "PermitRootLogin prohibit-password\nAuthorizedKeysFile /run/keys-of-root\n\
                    AuthenticationMethods publickey,keyboard-interactive:pam";
    breaking(
        "root has a key",
        |_| {
            std::fs::write("/run/keys-of-root", "# root's\nssh-ed25519 AAAA root@x\n").unwrap();
            set_sshd(ssh_keys);
            // Without a key it is a note, which the healthy machine has.
            let found = look(&[]);
            let severity = found.findings.iter().find(|(_, id)| id == "sshd_root_locked_out");
            assert_eq!(severity.unwrap().0, "warning", "{found:?}");
            set_sshd(&format!("{ssh_keys}\nInclude root.d/*"));
            write("/etc/ssh/root.d/x", "Match User root\nAuthenticationMethods publickey\n");
        },
        &["sshd_match"],
    );
}

#[test]
fn what_sshd_really_goes_by_is_looked_at() {
    all(&[
        (
            "a Match in a file that is included, for an enrolled user",
            |_| {
                set_sshd("Include local.d/*.conf");
                let by_password = "Match=User alice\nAuthenticationMethods password\nPasswordAuthentication yes\n\
                                   KbdInteractiveAuthentication no\n";
                write("/etc/ssh/local.d/a.conf", by_password);
            },
            &["sshd_match", "sshd_no_question"],
        ),
        (
            "what sshd is started with",
            |_| write("/etc/default/ssh", "SSHD_OPTS=\"-o UsePAM=no -E /etc/ssh/log\"\n"),
            &["sshd_pam_off"],
        ),
        (
            "no directory for a socket's sshd",
            |_| {
                shell("rmdir /run/sshd 2>/dev/null || mv /run/sshd /run/sshd-moved");
                shell(
                    "mkdir -p /etc/systemd/system/sockets.target.wants
                     ln -sf /lib/systemd/system/ssh.socket /etc/systemd/system/sockets.target.wants",
                );
            },
            &["sshd_unreadable"],
        ),
        (
            "a pipe among the files",
            |_| {
                set_sshd("Include local.d/*.conf");
                shell("mkdir -p /etc/ssh/local.d; mkfifo /etc/ssh/local.d/a.conf");
            },
            &["sshd_unreadable"],
        ),
    ]);
    assert!(!std::path::Path::new("/etc/ssh/log").exists());
}

/// What is to be done about a finding.
fn fix(id: &str) -> String {
    let ended = doctor(&["--json"]);
    let line = ended.output.lines().find(|line| line.contains(&format!("\"id\":\"{id}\"")));
    let line: serde_json::Value =
        serde_json::from_str(line.unwrap_or_else(|| panic!("{ended:?}"))).unwrap();
    line["fix"].as_str().unwrap().to_owned()
}

#[test]
fn what_it_says_to_change_is_the_line_that_counts() {
    let _checkup = Checkup::healthy();
    let cloud = "/etc/ssh/sshd_config.d/50-cloud-init.conf";
    write(cloud, "# by cloud-init\nPasswordAuthentication yes\n");
    set_sshd(
        "AuthenticationMethods password\nKbdInteractiveAuthentication no\nInclude /etc/ssh/sshd_config.d/*.conf",
    );
    let fix = fix("sshd_no_question");
    let commands = fix
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|it| it.starts_with("sed "));
    let commands: Vec<_> = commands.collect();
    assert_eq!(commands.len(), 3, "{fix}");
    shell(&commands.join("\n"));
    let found = look(&[]);
    assert!(!found.findings.iter().any(|(_, id)| id == "sshd_no_question"), "{found:?}");
    assert!(std::fs::read_to_string(cloud).unwrap().ends_with("\nPasswordAuthentication no\n"));
}

#[test]
fn what_is_wrong_with_sshd_is_found() {
    for (what, settings, stack, expected) in SSHD {
        let break_it = |_: &Checkup| {
            set_sshd(settings);
            set_stack(stack);
        };
        breaking(what, break_it, expected);
    }
}
