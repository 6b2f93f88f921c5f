//! The module's texts in French.

use crate::words::login::{Login, duration};

pub const LOGIN: Login = Login {
    verification_code: "Code de vérification : ",
    backup_code: "Code de secours : ",
    password_and_verification_code: "Mot de passe et code de vérification : ",
    password_and_backup_code: "Mot de passe et code de secours : ",
    unavailable: "Vérification du code impossible pour le moment. Voir le journal système.",
    try_again: "Trop de codes de secours essayés en même temps. Réessayez.",
    wrong_code: "Ce code est faux. Un code de secours fonctionne aussi.",
    wrong_backup_code: "Ce code de secours est faux.",
    not_a_code: "Ce n'est pas un code. Tapez 6 chiffres, ou un code comme ABCD-EFGH-JKMNP.",
    not_a_backup_code: "Ce n'est pas un code de secours. Il ressemble à ABCD-EFGH-JKMNP.",
    no_code_behind_password: "Tapez le code juste après le mot de passe : 6 chiffres ou ABCD-EFGH-JKMNP.",
    backup_code_is_used: "Ce code de secours a déjà servi. Prenez-en un autre.",
    code_is_used: "Ce code a déjà servi ou est trop ancien. Tapez celui que l'appli affiche.",
    code_is_used_next_in: |seconds| {
        format!("Ce code a déjà servi ou est trop ancien. Le prochain arrive dans {seconds} s.")
    },
    clock_is_behind: "L'horloge de cette machine retarde. Utilisez un code de secours.",
    enrolment_has_changed: "Votre second facteur vient d'être modifié. Reconnectez-vous.",
    must_wait: |seconds| {
        let duration = duration(seconds);
        format!("Trop de codes faux. Réessayez dans {duration}, ou prenez un code de secours.")
    },
    locked: "Trop de codes faux : bloqué. Prenez un code de secours, ou voyez l'admin.",
    wrong_since_login: |count| format!("{} depuis votre dernière connexion.", wrong_codes(count)),
    wrong_since_login_and_opened: |count| {
        format!(
            "{} depuis votre dernière connexion. L'appli marche à nouveau.\n\
             Si ce n'était pas vous, quelqu'un connaît votre mot de passe : changez-le.",
            wrong_codes(count)
        )
    },
    budget_cleared: |count| {
        format!("{} en 30 jours ; le compte repart de zéro.", wrong_codes(count))
    },
    budget_used: |count, largest| {
        format!(
            "{} en 30 jours ; à {largest}, l'appli est bloquée.\n\
             Si ce n'était pas vous, quelqu'un connaît votre mot de passe : changez-le.",
            wrong_codes(count)
        )
    },
    last_backup_code: "C'était votre dernier code de secours. Pour en refaire : cloud2fa regenerate",
    backup_codes_left: |count| match count {
        1 => "Il reste 1 code de secours.".to_owned(),
        _ => format!("Il reste {count} codes de secours."),
    },
};

fn wrong_codes(count: u32) -> String {
    match count {
        0 | 1 => format!("{count} code faux"),
        _ => format!("{count} codes faux"),
    }
}
