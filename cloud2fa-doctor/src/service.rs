//! The service for users without root: units, socket, program, and its own PAM file.

use crate::finding::{Finding, Id, Severity, shell, systemd_word};
use crate::programs;
use crate::stack::DIRECTORIES;
use cloud2fa::PAM_SERVICE;
use cloud2fa::client::SOCKET;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The units, as systemd knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units {
    pub is_there: bool,
    pub is_enabled: bool,
    pub is_active: bool,
    /// The program of the service, if that unit is there.
    pub program: Option<PathBuf>,
    /// Where the service may write.
    pub writable: Vec<PathBuf>,
}

/// What is at the socket's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    Absent,
    /// A socket, of this mode.
    There(u32),
    /// Something that is no socket.
    Other,
}

/// All that is known of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `None` if no systemd runs.
    pub units: Option<Units>,
    pub socket: Socket,
    /// The mode of a directory that users cannot pass on the way to it.
    pub closed: Option<(PathBuf, u32)>,
    pub has_program: bool,
    pub has_pam_file: bool,
}

/// Looks at units, socket and files.
pub fn read() -> Service {
    let units = Path::new("/run/systemd/system").exists().then(units);
    let program = units.as_ref().and_then(|units| units.program.clone());
    let has_pam_file = DIRECTORIES.iter().any(|it| Path::new(it).join(PAM_SERVICE).is_file());
    Service {
        socket: socket(),
        closed: closed(),
        has_program: program.is_none_or(|it| it.is_file()),
        has_pam_file,
        units,
    }
}

fn socket() -> Socket {
    match std::fs::symlink_metadata(SOCKET) {
        Ok(status) if status.file_type().is_socket() => Socket::There(status.mode() & 0o7777),
        Ok(_) => Socket::Other,
        Err(_) => Socket::Absent,
    }
}

/// The first of the directories that lead to the socket which others may not pass.
fn closed() -> Option<(PathBuf, u32)> {
    let ways = Path::new(SOCKET).ancestors().skip(1);
    let modes = ways.filter_map(|it| Some((it.to_owned(), it.metadata().ok()?.mode() & 0o7777)));
    modes.filter(|(_, mode)| mode & 0o001 == 0).last()
}

fn units() -> Units {
    let show = |unit: &str, properties: &str| {
        let said = programs::ask("systemctl", &["show", unit, "--property", properties]);
        said.map(|said| said.output).unwrap_or_default()
    };
    let socket = show("cloud2fad.socket", "LoadState,ActiveState,UnitFileState");
    Units::parse(&socket, &show("cloud2fad.service", "LoadState,ExecStart,ReadWritePaths"))
}

impl Units {
    /// Reads what `systemctl show` prints of socket and service.
    pub fn parse(socket: &str, service: &str) -> Self {
        let of = |text: &'_ str, key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            value.unwrap_or_default().to_owned()
        };
        let exec = of(service, "ExecStart");
        let program = exec.split_once("path=").and_then(|(_, rest)| rest.split([' ', ';']).next());
        let paths = of(service, "ReadWritePaths");
        let paths = paths.split_whitespace().map(|path| path.trim_start_matches(['-', '+']).into());
        Self {
            is_there: of(socket, "LoadState") == "loaded",
            is_enabled: of(socket, "UnitFileState").starts_with("enabled"),
            is_active: of(socket, "ActiveState") == "active",
            program: program.map(PathBuf::from),
            writable: paths.collect(),
        }
    }
}

/// The findings for the service as it is. One that nobody has switched on is no fault.
pub fn check(service: &Service, state_dir: &Path) -> Vec<Finding> {
    let units = service.units.clone().unwrap_or_default();
    let is_on = units.is_enabled || units.is_active || service.socket != Socket::Absent;
    if !is_on {
        return vec![off(units.is_there)];
    }
    let mut findings = Vec::new();
    if service.units.is_some() {
        findings.extend((!units.is_active).then(not_listening));
        findings.extend((!units.is_enabled).then(not_enabled));
        findings
            .extend((!service.has_program || units.program.is_none()).then(|| no_program(&units)));
        let may_write = units.writable.iter().any(|path| state_dir.starts_with(path));
        findings.extend((units.program.is_some() && !may_write).then(|| out_of_reach(state_dir)));
    }
    findings.extend(bad_socket(service.socket, units.is_active));
    let closed = service.closed.as_ref().filter(|_| service.socket != Socket::Absent);
    findings.extend(closed.map(|(directory, mode)| out_of_users_reach(directory, *mode)));
    findings.extend((!service.has_pam_file).then(no_pam_file));
    findings
}

fn off(is_there: bool) -> Finding {
    let what = if is_there {
        "the service is there, and switched off"
    } else {
        "the service is not there"
    };
    Finding::new(
        Severity::Note,
        Id::ServiceOff,
        what,
        "Users without root cannot manage their own second factor, and lockers that run as the user cannot check codes.",
        "If they should:\n    systemctl enable --now cloud2fad.socket",
    )
}

fn not_listening() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::ServiceNotListening,
        "cloud2fad.socket is enabled, and does not listen",
        "Users without root cannot manage their second factor until it does.",
        "See why, then start it:\n    systemctl status cloud2fad.socket\n    systemctl restart cloud2fad.socket",
    )
}

fn not_enabled() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::ServiceNotEnabled,
        "cloud2fad.socket listens, and is not enabled",
        "After the next start of the machine it does not.",
        "    systemctl enable cloud2fad.socket",
    )
}

fn no_program(units: &Units) -> Finding {
    let what = match &units.program {
        Some(program) => {
            format!("cloud2fad.service starts {}, which is not there", program.display())
        }
        None => "the unit cloud2fad.service is missing".to_owned(),
    };
    Finding::new(
        Severity::Warning,
        Id::ServiceMissing,
        what,
        "Each connection to the service ends at once.",
        "Install cloud2fa again, or switch the service off:\n    systemctl disable --now cloud2fad.socket",
    )
}

fn out_of_reach(state_dir: &Path) -> Finding {
    let directory = state_dir.display();
    let word = systemd_word(state_dir);
    Finding::new(
        Severity::Warning,
        Id::ServiceCannotWrite,
        format!("state_dir is {directory}, where cloud2fad.service may not write"),
        "The service answers that the store cannot be written: users can neither enrol nor use a locker.",
        format!(
            "Say so to systemd:\n    systemctl edit cloud2fad.service\nwith the lines:\n    [Service]\n    ReadWritePaths=-{word}\n\
             and have it from now on:\n    systemctl try-restart cloud2fad.service"
        ),
    )
}

fn bad_socket(socket: Socket, is_active: bool) -> Option<Finding> {
    let what = match socket {
        Socket::Absent if is_active => format!("systemd listens, and {SOCKET} is gone"),
        Socket::Other => format!("{SOCKET} is not a socket"),
        Socket::There(mode) if mode & 0o666 != 0o666 => format!("{SOCKET} has mode {mode:04o}"),
        _ => return None,
    };
    Some(Finding::new(
        Severity::Warning,
        Id::ServiceSocket,
        what,
        "Users without root cannot connect to the service.",
        "See whether a drop-in changes it, then make it anew:\n    systemctl cat cloud2fad.socket\n    \
         systemctl restart cloud2fad.socket",
    ))
}

fn out_of_users_reach(directory: &Path, mode: u32) -> Finding {
    Finding::new(
        Severity::Warning,
        Id::ServiceSocket,
        format!("{} has mode {mode:04o}: users do not come to {SOCKET}", directory.display()),
        "Users without root cannot connect to the service.",
        format!("Let them pass:\n    chmod a+x {}", shell(directory)),
    )
}

fn no_pam_file() -> Finding {
    Finding::new(
        Severity::Warning,
        Id::ServiceNoPamFile,
        "there is no /etc/pam.d/cloud2fa, by which the service checks passwords",
        "PAM takes the service `other` for it, which refuses: users cannot change their second factor.",
        "Install the file again; on Debian its lines are:\n    @include common-auth\n    @include common-account",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: &str = "/var/lib/cloud2fa";
    const SOCKET_UNIT: &str = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n";
    const SERVICE_UNIT: &str = "LoadState=loaded\nExecStart={ path=/usr/libexec/cloud2fad ; argv[]=/usr/libexec/cloud2fad ; ignore_errors=no }\n\
         ReadWritePaths=/run/cloud2fa -/var/lib/cloud2fa -/run/faillock\n";

    fn service(socket: &str) -> Service {
        Service {
            units: Some(Units::parse(socket, SERVICE_UNIT)),
            socket: Socket::There(0o666),
            closed: None,
            has_program: true,
            has_pam_file: true,
        }
    }

    fn found(service: &Service, state_dir: &str) -> Vec<&'static str> {
        check(service, Path::new(state_dir)).iter().map(|finding| finding.id.word()).collect()
    }

    #[test]
    fn a_service_that_is_switched_on_and_whole_is_fine() {
        let service = service(SOCKET_UNIT);
        assert_eq!(found(&service, STORE), [""; 0]);
        assert_eq!(found(&Service { units: None, ..service }, STORE), [""; 0]);
    }

    #[test]
    fn one_that_is_off_is_a_note_and_nothing_more() {
        let off = "LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n";
        let off = Service {
            socket: Socket::Absent,
            has_program: false,
            has_pam_file: false,
            ..service(off)
        };
        assert_eq!(found(&off, "/srv"), ["service_off"]);
        assert_eq!(check(&off, Path::new(STORE))[0].severity, Severity::Note);
    }

    #[test]
    fn each_part_that_is_missing_is_found() {
        let unit = |from, to| SOCKET_UNIT.replace(from, to);
        let whole = service(SOCKET_UNIT);
        for (service, state_dir, expected) in [
            (service(&unit("enabled", "disabled")), STORE, "service_not_enabled"),
            (service(&unit("=active", "=failed")), STORE, "service_not_listening"),
            (Service { has_program: false, ..whole.clone() }, STORE, "service_missing"),
            (Service { has_pam_file: false, ..whole.clone() }, STORE, "service_no_pam_file"),
            (Service { socket: Socket::There(0o600), ..whole.clone() }, STORE, "service_socket"),
            (Service { socket: Socket::Absent, ..whole.clone() }, STORE, "service_socket"),
            (Service { socket: Socket::Other, ..whole.clone() }, STORE, "service_socket"),
            (
                Service { closed: Some(("/run/cloud2fa".into(), 0o700)), ..whole.clone() },
                STORE,
                "service_socket",
            ),
            (whole.clone(), "/srv/cloud2fa", "service_cannot_write"),
            (whole, "/var/lib/cloud2fa-too", "service_cannot_write"),
        ] {
            assert_eq!(found(&service, state_dir), [expected], "{service:?}");
        }
        let no_unit = Units::parse(SOCKET_UNIT, "LoadState=not-found\n");
        let no_unit = Service { units: Some(no_unit), ..service(SOCKET_UNIT) };
        assert_eq!(found(&no_unit, STORE), ["service_missing"]);
    }
}
