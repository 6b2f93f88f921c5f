//! What the command asks, in French.

use crate::words::command::Questions;

pub const QUESTIONS: Questions = Questions {
    password: "Mot de passe : ",
    code: "Code : ",
    backup_code: "Code de secours : ",
    current_code: "Code actuel de votre appli, ou un code de secours : ",
    are_codes_saved: "Les avez-vous conservés ? [o/n] ",
    yes: "oui",
    no: "non",
    next_code: |seconds| {
        format!(
            "Votre appli affiche le prochain code dans {seconds} s. Tapez-le pour l'essayer,\n\
             ou appuyez sur Entrée pour terminer : "
        )
    },
    turn_off: "La désactiver quand même ? [o/N] ",
    make_room: "Agrandissez la fenêtre, ou tapez la clé plus tard. Entrée pour continuer : ",
    wrong_password: "Ce mot de passe est faux.",
    wrong_current_code: "Ce code est faux ou a déjà servi.",
    not_digits: "Ce n'est pas un code. Un code a 6 chiffres.",
    not_a_code: "Ce n'est pas un code. Tapez 6 chiffres, ou un code comme ABCD-EFGH-JKMNP.",
    wrong_code: "Ce code n'est pas le bon.",
    clock_is_off: |seconds| {
        let direction = if seconds < 0 { "retarde" } else { "avance" };
        let time = match seconds.unsigned_abs() {
            seconds @ 0..=119 => format!("{seconds} s"),
            seconds => format!("{} minutes", (seconds + 30) / 60),
        };
        format!(
            "L'horloge de votre téléphone {direction} d'environ {time} sur celle de cette machine. Activez la \
             date et l'heure automatiques sur le téléphone (ici : timedatectl), puis essayez le code suivant."
        )
    },
    tries_left: |count| match count {
        0 | 1 => format!("Il reste {count} essai."),
        _ => format!("Il reste {count} essais."),
    },
    must_wait: |seconds| {
        format!(
            "Trop de codes faux. Attendez {seconds} s avant d'essayer un autre code de l'appli."
        )
    },
    locked: "Les codes de l'appli sont bloqués : il y en a eu trop de faux.",
    backup_code_is_taken: "Un code de secours fonctionne.",
};
