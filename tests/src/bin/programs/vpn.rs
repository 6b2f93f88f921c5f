//! `OpenVPN`, between two network namespaces of the machine: its client has a second field.

use crate::ground::{ENROLLED, Factor, UNENROLLED, show_faults, two_questions, type_in, with};
use crate::proof::{Came, lets_in_by_code, must_be_said, repeats_the_password};
use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::processes::wait_for;
use cloud2fa_tests::pty::{CTRL_C, Pty};

/// The heading of the recipe.
const RECIPE: &str = "OpenVPN";

/// Two namespaces with a wire between them, a certificate, and what a server and a client need besides
/// what the page says. Keys are agreed on anew after some seconds.
const GROUND: &str = "
    for side in server client; do
        ip netns delete vpn-$side 2>/dev/null || :
        ip netns add vpn-$side
        ip -n vpn-$side link set lo up
    done
    ip link add wire netns vpn-server type veth peer name wire netns vpn-client
    ip -n vpn-server address add 10.9.0.1/24 dev wire; ip -n vpn-server link set wire up
    ip -n vpn-client address add 10.9.0.2/24 dev wire; ip -n vpn-client link set wire up
    mkdir -p /run/vpn; cd /run/vpn
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=vpn -keyout key -out certificate 2>/dev/null
    cat >/etc/openvpn/server/server.conf <<'end'
dev tun
server 10.8.0.0 255.255.255.0
topology subnet
ca /run/vpn/certificate
cert /run/vpn/certificate
key /run/vpn/key
dh none
verify-client-cert none
username-as-common-name
reneg-sec 40
hand-window 20
verb 3
end
    cat >/etc/openvpn/client/client.conf <<'end'
client
dev tun
remote 10.9.0.1
ca /run/vpn/certificate
nobind
verb 3
end";

pub fn openvpn(machine: &Machine) {
    with(machine, "", |mut factor| {
        machine.script(GROUND);
        two_questions(machine, "openvpn");
        without_pairs(machine);
        type_in(machine, RECIPE, 0);
        type_in(machine, RECIPE, 1);
        show_faults(machine, "openvpn, two questions, static-challenge");
        serve(machine);
        lets_in_by_code(machine, &mut factor, |user, code| {
            let (came, client) = log_in(machine, user, code);
            hang_up(client);
            came
        });
        goes_on(machine, &mut factor);
        needs_a_token(machine, &mut factor);
        stop(machine);
    });
    machine.script("ip netns delete vpn-server; ip netns delete vpn-client; rm -r /run/vpn");
}

fn serve(machine: &Machine) {
    stop(machine);
    machine.script(
        "ip netns exec vpn-server openvpn --cd /etc/openvpn/server --config server.conf --daemon \\
             --writepid /run/vpn/pid --log /run/vpn/log",
    );
    wait_for("the server", || {
        let said = machine.must(&["cat", "/run/vpn/log"]);
        said.contains("Initialization Sequence Completed").then_some(())
    });
}

fn stop(machine: &Machine) {
    machine.script(
        "if [ -e /run/vpn/pid ]; then
             pid=$(cat /run/vpn/pid)
             kill $pid || :; while kill -0 $pid 2>/dev/null; do sleep 0.1; done
             rm -f /run/vpn/pid
         fi",
    );
}

/// As it is without the words behind the plugin's service: the client has one answer.
fn without_pairs(machine: &Machine) {
    machine.script(
        "cd /etc/openvpn; cp -r server client /run/vpn
         echo 'plugin openvpn-plugin-auth-pam.so openvpn' >>server/server.conf
         echo auth-user-pass >>client/client.conf",
    );
    show_faults(machine, "openvpn, two questions, no pairs in the plugin's line");
    serve(machine);
    repeats_the_password(machine, |user, password| came_of(begin(machine, user, password)).0);
    machine.script("cp -r /run/vpn/server /run/vpn/client /etc/openvpn");
}

/// A client at a terminal, who answers what it asks. Who has no code leaves the field empty.
fn log_in(machine: &Machine, user: &str, code: Option<&str>) -> (Came, Pty) {
    let mut client = begin(machine, user, PASSWORD);
    client.answer("Verification code", code.unwrap_or_default());
    came_of(client)
}

/// A client that has been told name and password.
fn begin(machine: &Machine, user: &str, password: &str) -> Pty {
    let script =
        "cd /etc/openvpn/client; exec ip netns exec vpn-client openvpn --config client.conf";
    let mut client = machine.at_terminal(&["sh", "-c", script].map(str::to_owned));
    client.answer("Username:", user);
    client.answer("Password:", password);
    client
}

fn came_of(mut client: Pty) -> (Came, Pty) {
    let came = client.shows_one_of(&["Initialization Sequence Completed", "AUTH_FAILED"]);
    let came = Came { let_in: came == Some(0), said: client.transcript() };
    (came, client)
}

fn hang_up(mut client: Pty) {
    client.press(CTRL_C);
    client.finish();
}

fn reaches_the_server(machine: &Machine) -> bool {
    let words = ["ip", "netns", "exec", "vpn-client", "ping", "-c", "1", "-W", "20", "10.8.0.1"];
    machine.run(&words, "").status.success()
}

/// Past a renegotiation, for which the client shows the server's token.
fn goes_on(machine: &Machine, factor: &mut Factor) {
    let since = machine.journal_cursor();
    let (came, mut client) = log_in(machine, ENROLLED, Some(&factor.code()));
    assert!(came.let_in, "{came:?}");
    client.expect("Control Channel: ");
    let server = machine.must(&["cat", "/run/vpn/log"]);
    assert!(server.contains("TLS: soft reset"), "{server}");
    assert!(reaches_the_server(machine), "{}", client.transcript());
    hang_up(client);
    let log = machine.journal_since(&since);
    assert!(!log.contains("refused"), "{log}");
}

/// Without it the first renegotiation is the same code once more.
fn needs_a_token(machine: &Machine, factor: &mut Factor) {
    machine.script("sed -i '/^auth-gen-token/d' /etc/openvpn/server/server.conf");
    serve(machine);
    let since = machine.journal_cursor();
    let (came, mut client) = log_in(machine, ENROLLED, Some(&factor.code()));
    assert!(came.let_in, "{came:?}");
    client.expect("AUTH_FAILED");
    hang_up(client);
    must_be_said(machine, &since, "reason=replayed");
    let (came, client) = log_in(machine, UNENROLLED, None);
    assert!(came.let_in, "{came:?}");
    hang_up(client);
}
