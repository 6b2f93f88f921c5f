//! Why a second factor was not changed, in French.

use crate::words::command::Refusals;

pub const REFUSALS: Refusals = Refusals {
    not_permitted: "seul root peut utiliser --user ; sans cette option, il s'agit de votre propre second facteur",
    unknown_user: |name| {
        format!("ce système n'a pas d'utilisateur {name:?} ; vérifiez l'orthographe")
    },
    no_password: "ce compte n'a pas de mot de passe (ou il est bloqué) et ne peut pas gérer son second facteur ; demandez à un administrateur",
    password_required: "le mot de passe doit être vérifié d'abord",
    wrong_password: "le mot de passe est faux",
    unavailable: "c'est impossible pour le moment ; le journal système dit pourquoi",
    current_code_required: "il faut un code actuel ou un code de secours",
    wrong_code: "le code est faux",
    wrong_backup_code: "le code de secours est faux",
    used_code: "le code a déjà servi ou est trop ancien",
    used_backup_code: "le code de secours a déjà servi",
    locked: "les codes de l'appli sont bloqués après trop de faux ; un code de secours débloque, ou un administrateur",
    must_wait: |seconds| {
        format!("trop de codes faux ; attendez {seconds} s, ou prenez un code de secours")
    },
    clock_is_behind: |seconds| {
        format!(
            "l'horloge de cette machine retarde de {seconds} s sur le dernier code accepté ; prenez un code de secours"
        )
    },
    changed: "le second facteur a été modifié entre-temps ; recommencez",
    not_a_code: "ce n'est pas un code : 6 chiffres, ou un code de secours comme XXXX-XXXX-XXXXX",
    already_enrolled: |name| format!("{name} a déjà un second facteur"),
    enrolled_as: |name, whose| {
        format!(
            "{name} a le même uid que {whose} et utilise ses codes ; seul root peut inscrire {name} à part"
        )
    },
    no_enrolment_begun: "aucune inscription n'a été commencée",
    not_proven: "ce code ne correspond pas à la nouvelle clé ; rien n'a été enregistré",
    not_enrolled: |name| format!("{name} n'a pas de second facteur"),
    enrolment_changed: |name| {
        format!(
            "le second facteur de {name} a été modifié entre-temps ; vérifiez, puis recommencez"
        )
    },
    nothing_was_changed: |why| format!("{why} ; rien n'a été modifié"),
    of_the_machine: |why| format!("c'est impossible pour le moment : {why}"),
};
