//! How the command shows a new key and new backup codes, in French.

use crate::words::command::Enrolment;

pub const ENROLMENT: Enrolment = Enrolment {
    title: |user, issuer| format!("Connexion à deux facteurs de {user} sur {issuer}"),
    open_the_app: "Ouvrez votre appli d'authentification (Google Authenticator, Authy, ...).",
    scan_or_type: "Touchez + et scannez l'image. Impossible ? Tapez cette clé :",
    type_the_key: "Touchez + et tapez cette clé :",
    is_called: |account| {
        format!("(L'appli l'appelle {account}. Supprimez l'ancienne entrée à la fin.)")
    },
    type_the_code: "Tapez les 6 chiffres qu'elle affiche.",
    nothing_is_saved_yet: "Rien n'est enregistré avant un code juste. Ctrl-C pour arrêter.",
    too_small: |(columns, rows), (has_columns, has_rows)| {
        format!(
            "Cette fenêtre est trop petite pour un code QR : {has_columns}x{has_rows}, il faudrait {columns}x{rows}."
        )
    },
    half_is_enough: "En UTF-8 (LANG=C.UTF-8), la moitié suffit.",
    backup_codes: |user, host, date| {
        format!(
            "Codes de secours de {user} sur {host}, {date}. Chacun sert une fois, à la place d'un code de l'appli :"
        )
    },
    keep_backup_codes: |regenerate| {
        format!(
            "Imprimez-les ou notez-les. Gardez-les en lieu sûr, pas sur le téléphone. Ils ne seront plus affichés ; \
             {regenerate} en fait de nouveaux."
        )
    },
    if_not_saved: |regenerate| {
        format!("Si vous ne les avez pas conservés, faites-en de nouveaux avec {regenerate}.")
    },
    codes_are_in: |file| {
        format!(
            "Les codes de secours sont dans {file}, que vous seul pouvez lire. Imprimez ce fichier, ou mettez-le en lieu sûr."
        )
    },
};
