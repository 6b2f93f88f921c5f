//! A program with a login, for tests that need a process of its own: to kill, to stop, to
//! run under valgrind or strace.
//!
//! ```text
//! pam_host [--silent] [--prompts-only] [--setcred] [--loop N] [--rhost HOST] CONFDIR SERVICE USER
//! ```
//!
//! Each message of a module is a line on standard output, flushed: `ask TEXT` (hidden),
//! `ask-shown TEXT`, `reason TEXT`, `information TEXT`. A line that begins with `ask` also says
//! that the program now stands at the prompt, and waits for one line from standard input.
//! With `--prompts-only` texts that are no prompts are taken and dropped, as some greeters do.
//! At the end of the input the conversation fails. Then follows `code PAM_…`, and with
//! `--setcred` after a success `setcred PAM_…`. With `--loop N` all of it happens N times. The
//! exit status is 0 if the last login succeeded, else 1; 2 is a usage error.

use cloud2fa_tests::libpam::{Application, Call, ESTABLISH_CRED, SILENT};
use cloud2fa_tests::{Code, Message, Reply, Style};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

struct Arguments {
    flags: i32,
    shower: fn(&Message),
    set_credentials: bool,
    rounds: u32,
    remote_host: Option<String>,
    directory: PathBuf,
    service: String,
    user: String,
}

fn main() -> ExitCode {
    let Some(arguments) = parse(std::env::args().skip(1)) else {
        eprintln!(
            "usage: pam_host [--silent] [--prompts-only] [--setcred] [--loop N] [--rhost HOST] CONFDIR SERVICE USER"
        );
        return ExitCode::from(2);
    };
    let mut code = Code::ABORT;
    for _ in 0..arguments.rounds {
        code = login(&arguments);
    }
    ExitCode::from(u8::from(code != Code::SUCCESS))
}

fn parse(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
    let (mut flags, mut set_credentials, mut rounds, mut remote_host) = (0, false, 1, None);
    let mut shower: fn(&Message) = show;
    let mut plain = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--silent" => flags = SILENT,
            "--prompts-only" => shower = show_prompt,
            "--setcred" => set_credentials = true,
            "--loop" => rounds = words.next()?.parse().ok()?,
            "--rhost" => remote_host = Some(words.next()?),
            option if option.starts_with("--") => return None,
            _ => plain.push(word),
        }
    }
    let [directory, service, user] = <[String; 3]>::try_from(plain).ok()?;
    Some(Arguments {
        flags,
        shower,
        set_credentials,
        rounds,
        remote_host,
        directory: directory.into(),
        service,
        user,
    })
}

fn login(arguments: &Arguments) -> Code {
    let mut application = Application::start(
        &arguments.directory,
        &arguments.service,
        Some(&arguments.user),
        Box::new(answer),
    );
    application.show_as_they_come(arguments.shower);
    if let Some(host) = &arguments.remote_host {
        application.set_remote_host(host);
    }
    let code = application.authenticate(arguments.flags);
    say(&format!("code {code}"));
    if code == Code::SUCCESS && arguments.set_credentials {
        say(&format!("setcred {}", application.call(Call::SetCredentials, ESTABLISH_CRED)));
    }
    code
}

fn show(message: &Message) {
    let style = match message.style {
        Style::AskHidden => "ask",
        Style::AskShown => "ask-shown",
        Style::Reason => "reason",
        Style::Information => "information",
    };
    say(&format!("{style} {}", message.text));
}

fn show_prompt(message: &Message) {
    if matches!(message.style, Style::AskHidden | Style::AskShown) {
        show(message);
    }
}

fn answer(_prompt: &Message) -> Reply {
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(read) if read > 0 => Reply::from(line.trim_end_matches('\n')),
        _ => Reply::Fails(Code::CONV_ERR),
    }
}

fn say(line: &str) {
    let mut output = io::stdout().lock();
    // Nobody may be listening any more: the login goes on.
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}
