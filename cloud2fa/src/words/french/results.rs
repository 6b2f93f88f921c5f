//! What the command says that it did, in French.

use crate::words::command::{Losses, Results, Trial};

pub const RESULTS: Results = Results {
    enabled: |user| format!("La connexion à deux facteurs de {user} est activée."),
    these_ask: |services| format!("Ces connexions demandent maintenant un code : {services}."),
    nothing_asks: "Aucune connexion à cette machine ne demande encore de code. Un administrateur peut changer cela : cloud2fa setup ssh",
    regenerated: |user| {
        format!("{user} a de nouveaux codes de secours. Les anciens ne fonctionnent plus.")
    },
    refused_without: |user, services, replace| {
        format!(
            "Sans second facteur, {user} ne pourra plus se connecter par : {services}.\n\
             Pour changer de téléphone, utilisez plutôt {replace}."
        )
    },
    disabled: |user| format!("La connexion à deux facteurs de {user} est désactivée."),
    unlocked: |user| format!("{user} est débloqué."),
    unlocked_and_ahead: |user, until, is_right_now, replace| {
        let what = format!(
            "{user} est débloqué. Mais les codes de l'appli ne marchent pas avant {until} : un code a été\n\
             accepté quand l'horloge avançait. Les codes de secours marchent."
        );
        if is_right_now {
            format!(
                "{what}\nL'horloge est juste maintenant. Pour une nouvelle clé qui marche tout de suite : {replace}"
            )
        } else {
            format!("{what}\nMettez l'horloge à l'heure. Si elle l'est déjà : {replace}")
        }
    },
    cleared: |since_login, in_30_days| {
        format!(
            "Codes faux depuis la dernière connexion : {since_login}. Codes de l'appli en 30 jours : {in_30_days} ; ils ne comptent plus."
        )
    },
    opened: "Les codes de l'appli fonctionnent à nouveau. Si les faux venaient de quelqu'un d'autre,\n\
             cette personne connaît peut-être le mot de passe : changez-le.",
    is_about: |user, whose| {
        format!(
            "{user} n'a pas de second facteur à lui. Ses connexions demandent les codes de {whose}, qui a\n\
             le même uid : il s'agit donc de {whose}."
        )
    },
    store_is_made: |directory| {
        format!("Magasin créé : {directory}. Personne n'y est encore inscrit.")
    },
    store_is_as_it_was: |directory| {
        format!("{directory} est déjà un magasin. Rien n'a été modifié.")
    },
    store_is_completed: |directory| {
        format!("{directory} est déjà un magasin. Son index des uid est maintenant complet.")
    },
    records_in_format_1: |count| format!("Fiches au format 1 : {count}"),
    lost: |count, what| format!("perdu pour {count} : {what}"),
    losses: Losses {
        budget: "le compte des codes faux en 30 jours",
        tolls: "les attentes auprès des services qui vérifient pour d'autres",
        decisions: "les dernières décisions",
        remembered_keys: "le souvenir des clés ssh prouvées",
        notices: "les messages pour l'utilisateur",
        ticket: "le ticket",
        last_attempt: "la réponse au dernier essai",
        codes_not_seen: "que les codes de secours n'ont pas été confirmés",
        ignorable: "ce qu'une version plus récente avait laissé dans la fiche",
    },
    all_went_back: "Installez maintenant la version antérieure. Une connexion ou une modification avant cela\n\
                    remet le format de cette version ; relancez `cloud2fa init --format 1` autant qu'il faut.\n\
                    Jusqu'à `cloud2fa init --format 2`, qui rétablit l'index des uid, ceux qui ne sont pas\n\
                    inscrits se connectent plus lentement.",
    some_did_not_go_back: "Les fiches nommées ci-dessus sont inchangées ; une version antérieure refusera ces utilisateurs.",
    index_is_not_complete: "attention : l'index des uid du magasin est incomplet ; `cloud2fa init` le complète",
    old_copy_is_left: |user, why| {
        format!(
            "attention : l'ancienne copie dans le fichier de {user} n'a pas pu être effacée ({why}) ; la prochaine modification le fera"
        )
    },
    waiting_for_the_service: "La machine est occupée. En attente du service ...",
};

pub const TRIAL: Trial = Trial {
    right: "Le code est juste. Il reste bon pour une connexion.",
    right_backup_code: "Le code de secours est juste. Il reste bon pour une connexion.",
    wrong: |in_a_row| format!("Code faux. Codes faux de suite : {in_a_row}."),
    wrong_and_must_wait: |seconds| format!("Code faux. Réessayez dans {seconds} s."),
    wrong_and_locked: "Code faux, et un de trop : les codes de l'appli sont bloqués.",
    wrong_backup_code: "Code de secours faux.",
    wrong_backup_code_and_locked: "Code de secours faux. Les codes de l'appli sont bloqués.",
    used: "Ce code a déjà servi ou est trop ancien. Attendez le suivant.",
    used_backup_code: "Ce code de secours a déjà servi.",
    locked: |unlocks| format!("Bloqué après trop de codes faux ; {unlocks}."),
};
