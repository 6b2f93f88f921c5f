//! The command `cloud2fa`: what is typed, turned into operations on the store.

#![forbid(unsafe_code)]

mod advice;
mod arguments;
mod asking;
mod caller;
#[cfg(test)]
mod completions;
mod dialogue;
mod failure;
mod input;
mod language;
mod log;
mod machine;
#[cfg(test)]
mod manual;
mod messages;
mod messages_of_setup;
mod messages_of_users;
mod new_file;
mod setup;
mod verbs;

use arguments::Arguments;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};
use dialogue::Dialogue;
use failure::{Failure, Kind};
use language::WORDS;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Secrets pass through this process; a core dump must not keep them. Where that
    // is not allowed, nothing worse than before happens.
    let _ = nix::sys::prctl::set_dumpable(false);
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage_error(error),
    };
    let outcome = input::Input::new().and_then(|input| {
        let mut dialogue = dialogue::new(arguments.json, arguments.plain, input);
        let outcome = verbs::run(&arguments, &mut *dialogue);
        outcome.or_else(|failure| {
            // Who has read enough needs no word of it, where there was nothing else to do.
            if failure.is_unheard() && arguments.verb.only_shows() {
                return Ok(failure.exit_code());
            }
            finish(&mut *dialogue, &failure)
        })
    });
    // The dialogue could not even say what failed.
    outcome.unwrap_or_else(|failure| {
        eprintln!("cloud2fa: {failure}");
        failure.exit_code()
    })
}

fn finish(dialogue: &mut dyn Dialogue, failure: &Failure) -> Result<ExitCode, Failure> {
    dialogue.fail(failure)?;
    Ok(failure.exit_code())
}

/// clap's own texts, help and version included; as JSON where `--json` was typed.
fn usage_error(error: clap::Error) -> ExitCode {
    let error = with_a_tip_for_names(without_misleading_tips(error));
    if !error.use_stderr() || !language::is_for_programs() {
        let _ = error.print();
        return if error.use_stderr() { Kind::Usage.exit_code() } else { ExitCode::SUCCESS };
    }
    let text = error.to_string();
    // The first paragraph says what is wrong, on several lines.
    let lines = text.trim_start_matches("error: ").lines().take_while(|line| !line.is_empty());
    let what = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    let failure = Failure::new(Kind::Usage, (WORDS.failures.see_help)(&what));
    match messages::write_line(&messages::Error::of(&failure)) {
        Ok(()) | Err(_) => failure.exit_code(),
    }
}

/// clap takes an unknown option for the name of a user who is called so: "to pass '--force' as
/// a value, use '-- --force'".
fn without_misleading_tips(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::StyledStrs(mut tips)) = error.remove(ContextKind::Suggested) {
        tips.retain(|tip| !tip.to_string().starts_with("to pass "));
        if !tips.is_empty() {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
        }
    }
    error
}

/// `cloud2fa status anna` takes no name there.
fn with_a_tip_for_names(mut error: clap::Error) -> clap::Error {
    let command = Arguments::command();
    let mut typed = std::env::args_os();
    let verb = typed.find_map(|word| command.find_subcommand(word));
    let takes_a_user =
        verb.is_some_and(|verb| verb.get_arguments().any(|it| it.get_id() == "user"));
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg)
        && takes_a_user
        && !word.starts_with('-')
    {
        let tip = (WORDS.failures.name_a_user)(word);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}
