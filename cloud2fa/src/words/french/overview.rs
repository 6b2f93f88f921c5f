//! How the command shows users, in French.

use crate::words::command::Overview;

pub const OVERVIEW: Overview = Overview {
    local_time: "%d/%m/%Y %H:%M",
    user: "Utilisateur :",
    second_factor: "Second facteur :",
    last_used: "Dernière fois :",
    asked_by: "Demandé par :",
    sshd_unknown: "(Les réglages de sshd comptent aussi. Seul root peut les lire.)",
    no_login: "aucune connexion pour l'instant",
    backup_codes_left: "Codes de secours :",
    wrong_in_a_row: "Faux de suite :",
    wait: "Attente :",
    wrong_in_30_days: "Faux en 30 jours :",
    on_since: |time| format!("activé le {time}"),
    never: "jamais",
    of: |count, of| format!("{count} sur {of}"),
    locked: |unlocks| format!("bloqué ; {unlocks}"),
    no_wait: "aucune",
    seconds: |seconds| format!("{seconds} s"),
    not_enrolled: |user, enable| {
        format!("{user} n'a pas de second facteur. Pour l'activer : {enable}")
    },
    nobody: "Personne n'est inscrit.",
    columns: ["NOM", "DEPUIS", "DERNIÈRE FOIS", "CODES", "FAUX", "ÉTAT"],
    state_ok: "ok",
    state_locked: "bloqué",
    state_wait: |seconds| format!("attente {seconds} s"),
    state_in_30_days: |used| format!(" ; faux en 30 jours : {used}"),
    state_unknown: " ; inconnu du système",
    state_renamed: |new| format!(" ; inconnu du système, et l'uid est celui de {new}, non inscrit"),
    decisions: "Dernières décisions :",
    accepted: "accepté",
    wrong: "faux",
    used: "déjà servi",
    app: "appli",
    backup_code: "code de secours",
    from: |address| format!("depuis {address}"),
    times: |count| format!("{count} fois"),
};
