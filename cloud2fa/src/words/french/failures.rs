//! Why the command did not do what it was asked for, in French.

use crate::words::command::{Advice, Failures};

pub const FAILURES: Failures = Failures {
    see_help: |what| format!("{what} ; voir `cloud2fa --help`"),
    not_root: "seul root peut faire cela ; demandez à un administrateur, ou lancez la commande avec sudo",
    whose: "de qui est le second facteur ? Avec sudo, nommez l'utilisateur : --user NOM (ou --user root). \
            Sans sudo, il s'agit de vous",
    not_root_and_configuration: "seul root peut utiliser --config : le service a sa propre configuration",
    uid: |uid| format!("uid {uid}"),
    users_cannot_be_asked: |user, why| {
        format!("le système ne peut pas dire s'il connaît {user} ({why})")
    },
    no_such_user: |user| {
        format!("ce système n'a pas d'utilisateur {user} ; vérifiez l'orthographe")
    },
    cannot_be_enrolled: |user, why| format!("{user} ne peut pas être inscrit : {why}"),
    no_terminal: "il faut un terminal pour poser des questions et montrer des secrets ; par ssh : `ssh -t MACHINE cloud2fa ...` ; depuis un programme : --json",
    no_input: |why| format!("impossible de lire l'entrée standard ({why})"),
    answer_is_too_long: |longest| {
        format!("la réponse dépasse {longest} octets ; rien n'a été modifié")
    },
    input_ended: "l'entrée est terminée ; rien n'a été modifié",
    input_cannot_be_read: |why| {
        format!("impossible de lire l'entrée ({why}) ; rien n'a été modifié")
    },
    input_cannot_be_waited_for: |why| {
        format!("impossible d'attendre l'entrée ({why}) ; rien n'a été modifié")
    },
    interrupted: "interrompu ; rien n'a été modifié",
    left_as_it_was: "rien n'a été modifié",
    interrupted_and_spent: "interrompu ; votre second facteur est inchangé, mais le code de secours que vous avez tapé est consommé",
    and_spent: |failure| format!("{failure}. Le code de secours que vous avez tapé est consommé"),
    name_a_user: |name| format!("pour nommer un utilisateur : `--user {name}`"),
    terminal_cannot_hide: |why| format!("le terminal ne peut pas masquer la saisie ({why})"),
    terminal_cannot_be_written: |why| format!("impossible d'écrire sur le terminal ({why})"),
    output_cannot_be_written: |why| format!("impossible d'écrire sur la sortie standard ({why})"),
    file_cannot_be_written: |file, why| format!("impossible d'écrire {file} ({why})"),
    file_exists: |file, why| {
        format!("impossible d'écrire {file} ({why}) ; nommez un fichier qui n'existe pas encore")
    },
    not_proven: "aucun code n'était juste ; rien n'a été enregistré. Supprimez la nouvelle entrée de votre appli et recommencez",
    no_code: "rien de ce qui a été tapé ne peut être un code : 6 chiffres, ou un code de secours comme XXXX-XXXX-XXXXX",
    clock_is_behind: |seconds| {
        format!(
            "l'horloge de cette machine retarde de {seconds} s sur le dernier code accepté : les codes de l'appli sont \
             refusés ; réglez l'horloge. Les codes de secours fonctionnent"
        )
    },
};

pub const ADVICE: Advice = Advice {
    unlocks: |unlock| format!("un code de secours débloque, ou {unlock}"),
    administrator_unlocks: |unlock| {
        format!("un code de secours débloque, ou un administrateur avec {unlock}")
    },
    not_enrolled: |error, enable| format!("{error} ; pour l'activer : {enable}"),
    enrolled: |error, replace| format!("{error} ; pour le remplacer : {replace}"),
    changed: |error, status| format!("{error} ({status} le montre)"),
    disk_is_full: |error| {
        format!(
            "{error} ; le disque est plein : faites de la place, puis recommencez. Rien n'a été modifié"
        )
    },
};
