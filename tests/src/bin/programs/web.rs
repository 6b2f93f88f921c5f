//! The web: a browser has one field for the password, and sends it with each request.

use crate::client::{curl, start};
use crate::ground::{ENROLLED, one_field, show_faults, type_in, with};
use crate::proof::{lets_in_by_one_field, refuses_everybody};
use cloud2fa_tests::booted::{Machine, PASSWORD};

const HTTP: u16 = 80;
const MONIT: u16 = 2812;

/// By pwauth, which is root. Each request costs a code, unless it keeps what was right.
pub fn apache(machine: &Machine) {
    with(machine, "apache2", |mut factor| {
        let log_in = |user: &str, field: &str| curl(machine, "http://127.0.0.1/", user, field);
        one_field(machine, "pwauth");
        type_in(machine, "Apache", 0);
        start(machine, "apache2", HTTP);
        show_faults(machine, "apache by pwauth, one field");
        lets_in_by_one_field(machine, &mut factor, log_in);
        type_in(machine, "Apache", 1);
        start(machine, "apache2", HTTP);
        let field = format!("{PASSWORD}{}", factor.code());
        for time in ["the first request", "the next one"] {
            let came = log_in(ENROLLED, &field);
            assert!(came.let_in, "{time}: {came:?}");
        }
    });
}

/// Its workers are www-data: they may read neither passwords nor the store.
pub fn nginx(machine: &Machine) {
    with(machine, "nginx", |mut factor| {
        one_field(machine, "nginx");
        machine.script(
            "usermod --append --groups shadow www-data
             sed -i 's/^[[:space:]]*server_name _;/&\\nauth_pam \"x\"; auth_pam_service_name \"nginx\";/' \\
                 /etc/nginx/sites-available/default",
        );
        start(machine, "nginx", HTTP);
        show_faults(machine, "nginx, one field, www-data in the group shadow");
        let log_in = |user: &str, field: &str| curl(machine, "http://127.0.0.1/", user, field);
        refuses_everybody(machine, &mut factor, "nginx", log_in);
        machine.script("gpasswd --delete www-data shadow");
    });
}

/// By `mod_authnz_pam` the workers themselves ask PAM, and they are www-data.
pub fn apache_itself(machine: &Machine) {
    with(machine, "apache2", |mut factor| {
        one_field(machine, "apache2");
        machine.write(
            "/etc/apache2/conf-enabled/pam.conf",
            "<Location />\nAuthType Basic\nAuthName x\nAuthBasicProvider PAM\nAuthPAMService apache2\n\
             Require valid-user\n</Location>\n",
        );
        machine.script("a2enmod --quiet authnz_pam; usermod --append --groups shadow www-data");
        start(machine, "apache2", HTTP);
        show_faults(machine, "apache by mod_authnz_pam, one field, www-data in the group shadow");
        let log_in = |user: &str, field: &str| curl(machine, "http://127.0.0.1/", user, field);
        refuses_everybody(machine, &mut factor, "apache2", log_in);
        machine.script("gpasswd --delete www-data shadow");
    });
}

pub fn monit(machine: &Machine) {
    with(machine, "monit", |mut factor| {
        let log_in = |user: &str, field: &str| curl(machine, "http://127.0.0.1:2812/", user, field);
        one_field(machine, "monit");
        machine.script(
            "groupadd --force monitors; usermod --append --groups monitors rosa; usermod --append --groups monitors otto
             printf 'set httpd port 2812\\n    use address 127.0.0.1\\n    allow @monitors\\n' >/etc/monit/conf.d/cloud2fa",
        );
        start(machine, "monit", MONIT);
        show_faults(machine, "monit, one field");
        lets_in_by_one_field(machine, &mut factor, log_in);
    });
}
