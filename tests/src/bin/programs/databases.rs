//! Databases: `MariaDB` asks question by question, by a helper that is root; `PostgreSQL` is not root.

use crate::client::{listens, start};
use crate::ground::{ENROLLED, UNENROLLED, one_field, show_faults, two_questions, type_in, with};
use crate::proof::{Came, lets_in_by_code, lets_in_by_one_field, refuses_everybody};
use crate::radius;
use cloud2fa_tests::booted::{Machine, PASSWORD};
use cloud2fa_tests::people::CODE;

pub fn mariadb(machine: &Machine) {
    with(machine, "mariadb", |mut factor| {
        two_questions(machine, "mariadb");
        machine.script("systemctl restart mariadb; mariadb --execute 'DROP USER IF EXISTS rosa@localhost, otto@localhost'");
        type_in(machine, "MariaDB", 0);
        machine.script(
            "mariadb --execute \"CREATE USER otto@localhost IDENTIFIED VIA pam USING 'mariadb'\"",
        );
        show_faults(machine, "mariadb, two questions");
        lets_in_by_code(machine, &mut factor, |user, code| {
            let words =
                ["mariadb", "--user", user, "--password", "--execute", "SELECT CURRENT_USER()"];
            let mut terminal = machine.at_terminal(&words.map(str::to_owned));
            terminal.answer("assword: ", PASSWORD);
            if let Some(code) = code {
                terminal.answer(CODE, code);
            }
            let ended = terminal.finish();
            Came { let_in: ended.shown.contains(&format!("{user}@localhost")), said: ended.shown }
        });
    });
}

/// `psql` at the local server, with a password of its own.
pub fn psql(machine: &Machine, user: &str, password: &str) -> Came {
    let variable = format!("PGPASSWORD={password}");
    let words = [
        "env",
        &variable,
        "psql",
        "--host",
        "127.0.0.1",
        "--username",
        user,
        "--dbname",
        "postgres",
        "--no-align",
        "--tuples-only",
        "--command",
        "SELECT current_user",
    ];
    Came::by_status(&machine.run(&words, ""))
}

/// Roles, and their way in.
pub fn postgres(machine: &Machine, method: &str) {
    machine.script(&format!(
        "for user in {ENROLLED} {UNENROLLED}; do
             runuser --user postgres -- createuser $user 2>/dev/null || :
         done
         sed -i '1i host all {ENROLLED},{UNENROLLED} 127.0.0.1/32 {method}' /etc/postgresql/*/main/pg_hba.conf"
    ));
    machine.script("systemctl restart postgresql");
    listens(machine, 5432);
}

/// The server asks PAM itself, as the user postgres: nobody is let in.
pub fn postgresql(machine: &Machine) {
    with(machine, "postgresql", |mut factor| {
        start(machine, "postgresql", 5432);
        postgres(machine, "pam pamservice=postgresql");
        one_field(machine, "postgresql");
        show_faults(machine, "postgresql by pam, one field");
        let log_in = |user: &str, field: &str| psql(machine, user, field);
        refuses_everybody(machine, &mut factor, "postgresql", log_in);
    });
}

/// It asks a `FreeRADIUS` that is root, which asks PAM.
pub fn postgresql_by_radius(machine: &Machine) {
    with(machine, "postgresql freeradius", |mut factor| {
        radius::as_root(machine);
        one_field(machine, "radiusd");
        start(machine, "postgresql", 5432);
        machine.script(
            "for user in rosa otto; do runuser --user postgres -- createuser $user 2>/dev/null || :; done",
        );
        type_in(machine, "PostgreSQL", 0);
        listens(machine, 5432);
        show_faults(machine, "postgresql by radius, freeradius as root with one field");
        lets_in_by_one_field(machine, &mut factor, |user, field| psql(machine, user, field));
    });
}
