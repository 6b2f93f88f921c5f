//! A French speaker's way through the command, by the service, in a terminal: enable, status, verify, regenerate,
//! disable, and what goes wrong on the way. No English sentence of ours is met.
#![allow(missing_docs)]

use cloud2fa_tests::command::ended;
use cloud2fa_tests::service::{self, COMMAND, as_uid};
use cloud2fa_tests::terminal::{Terminal, shown_codes};
use cloud2fa_tests::user::{A_MOMENT, numbered, step_with_time_left};
use std::path::Path;
use std::process::Command;

/// Words that our English has and French has not.
const ENGLISH: [&str; 16] = [
    "the", "is", "are", "your", "Your", "you", "code is", "Password", "Backup", "Type", "and",
    "of", "wrong", "Nothing", "with", "this",
];

fn cloud2fa(arguments: &[&str], locale: &str) -> Command {
    service::start();
    let mut command = as_uid(numbered(130), Path::new(COMMAND));
    command.args(arguments).env("TERM", "xterm-256color").env("LC_ALL", locale);
    command
}

fn start(arguments: &[&str]) -> Terminal {
    Terminal::start(&cloud2fa(arguments, "fr_FR.UTF-8"), 100)
}

fn type_password(terminal: &mut Terminal, password: &str) {
    terminal.expect("Mot de passe : ");
    terminal.type_in(&format!("{password}\n"));
}

/// The end, which must be in French alone.
fn end(terminal: Terminal, expected: i32) -> String {
    let (screen, status) = terminal.end();
    assert_eq!(status, expected, "{screen}");
    let letter = |it: char| it.is_alphabetic();
    for word in ENGLISH {
        let found = screen.match_indices(word).any(|(at, _)| {
            let (before, after) = (&screen[..at], &screen[at + word.len()..]);
            !before.ends_with(letter) && !after.starts_with(letter)
        });
        assert!(!found, "{word:?} in {screen}");
    }
    screen
}

#[test]
fn a_french_speaker_meets_no_english_sentence() {
    let mut terminal = start(&["status"]);
    terminal.expect("u130 n'a pas de second facteur. Pour l'activer : `cloud2fa enable`");
    end(terminal, 0);

    let mut terminal = start(&["enable"]);
    type_password(&mut terminal, "faux");
    terminal.expect("Ce mot de passe est faux. Il reste 2 essais.");
    type_password(&mut terminal, "pw");
    terminal.expect("Rien n'est enregistré avant un code juste.");
    terminal.expect("\nCode : ");
    let secret = terminal.shown_secret();
    let step = step_with_time_left(A_MOMENT);
    terminal.type_in(&format!("{}\n", secret.token_at(step).as_str()));
    terminal.expect("Les avez-vous conservés ? [o/n] ");
    terminal.type_in("o\n");
    terminal.expect("ou appuyez sur Entrée pour terminer : ");
    terminal.type_in("\n");
    let codes = shown_codes(&end(terminal, 0));
    assert_eq!(codes.len(), 8);

    let mut terminal = start(&["enable"]);
    terminal
        .expect("u130 a déjà un second facteur ; pour le remplacer : `cloud2fa enable --replace`");
    end(terminal, 4);

    let mut terminal = start(&["verify"]);
    terminal.expect("Code : ");
    terminal.type_in(&format!("{}\n", codes[0]));
    terminal.expect("Le code de secours est juste. Il reste bon pour une connexion.");
    end(terminal, 0);

    let mut terminal = start(&["regenerate"]);
    type_password(&mut terminal, "pw");
    terminal.expect("Code actuel de votre appli, ou un code de secours : ");
    terminal.type_in("bonjour\n");
    terminal.expect("Ce n'est pas un code.");
    terminal.type_in(&format!("{}\n", codes[1]));
    terminal.expect("u130 a de nouveaux codes de secours. Les anciens ne fonctionnent plus.");
    terminal.expect("[o/n] ");
    terminal.type_in("oui\n");
    let codes = shown_codes(&end(terminal, 0));

    let mut terminal = start(&["status"]);
    terminal.expect("Codes de secours :");
    terminal.expect("8 sur 8");
    end(terminal, 0);

    let mut terminal = start(&["disable"]);
    terminal.expect("La désactiver quand même ? [o/N] ");
    terminal.type_in("o\n");
    type_password(&mut terminal, "pw");
    terminal.expect("ou un code de secours : ");
    terminal.type_in(&format!("{}\n", codes[2]));
    terminal.expect("La connexion à deux facteurs de u130 est désactivée.");
    end(terminal, 0);
}

#[test]
fn programs_and_locales_that_cannot_show_it_get_english() {
    let said = |arguments: &[&str], locale| {
        let mut command = cloud2fa(arguments, locale);
        let ended = ended(&mut command);
        ended.output + &ended.errors
    };
    for locale in ["fr_FR", "C", "C.UTF-8", "de_DE.UTF-8"] {
        assert!(said(&["status", "--user", "u131"], locale).contains("only root"), "{locale}");
    }
    let json = said(&["status", "--user", "u131", "--json"], "fr_FR.UTF-8");
    assert!(json.contains("only root can use --user"), "{json}");
    let french = said(&["status", "--user", "u131"], "fr_FR.UTF-8");
    assert!(french.contains("seul root peut utiliser --user"), "{french}");
}
