//! What `cloud2fa doctor` says of programs that the network reaches, in a network of their own.
#![allow(missing_docs)]

use cloud2fa_tests::checkup::{Checkup, MODULE, set_service, set_sshd};
use cloud2fa_tests::{command, machine};
use serde_json::{Value, json};
use std::process::Command;

/// Starts a program that listens there, has doctor look, and ends the program.
const SCRIPT: &str = r#"
    ip link set lo up
    if [ "$1" != /usr/sbin/sshd ]; then cp /usr/sbin/sshd "$1"; fi
    "$1" -D -o ListenAddress="$2" -o Port=2222 -o PidFile=none &
    until grep -q ":08AE .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done
    "$3" doctor --json || :
    kill $!
    wait $! || :"#;

/// The findings about passwords: severity and services.
fn found(program: &str, address: &str) -> Vec<(Value, Value)> {
    machine::program("ip", "iproute2");
    let words = ["--net", "/bin/sh", "-ec", SCRIPT, "sh", program, address];
    let said = Command::new("unshare").args(words).arg(command::path()).output().unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines = lines.filter(|line| line["id"] == "password_alone");
    lines.map(|line| (line["severity"].clone(), line["services"].clone())).collect()
}

#[test]
fn a_program_that_the_network_reaches_and_that_takes_a_password_alone_is_found() {
    const PASSWORD: &str = "@include common-auth";
    let _checkup = Checkup::healthy();
    let code = format!("auth required {MODULE} nullok");
    set_sshd("AuthenticationMethods any\nPasswordAuthentication yes");
    let sshd = "/usr/sbin/sshd";
    assert_eq!(found(sshd, "0.0.0.0"), [], "ssh asks for a code");
    set_service("sshd", &[PASSWORD]);
    assert_eq!(found(sshd, "0.0.0.0"), [(json!("note"), json!(["sshd"]))], "nothing asks");
    set_service("sudo", &[PASSWORD, &code]);
    let of_ssh = [(json!("warning"), json!(["sshd"]))];
    assert_eq!(found(sshd, "0.0.0.0"), of_ssh);
    assert_eq!(found(sshd, "[::]"), of_ssh);
    assert_eq!(found(sshd, "127.0.0.1"), [], "from the machine itself alone");
    set_sshd("AuthenticationMethods publickey");
    assert_eq!(found(sshd, "0.0.0.0"), [], "a key comes first");
    // Another program is told by its file.
    set_service("vsftpd", &[PASSWORD]);
    assert_eq!(found("/run/vsftpd", "0.0.0.0"), [(json!("note"), json!(["vsftpd"]))]);
    set_service("vsftpd", &["auth required /run/pam_cloud2fa.so forward_pass nullok", PASSWORD]);
    assert_eq!(found("/run/vsftpd", "0.0.0.0"), []);
}
