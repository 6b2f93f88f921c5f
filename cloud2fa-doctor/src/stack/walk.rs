//! All ways through a stack that let somebody in: what libpam does (`_pam_dispatch_aux`), with
//! each code that each module may return.

use super::control::{Action, Code};
use super::handler::{Handler, Job, Module};
use super::line::Place;
use super::modules::Kind;
use std::collections::HashSet;

/// More ways than this has no stack that somebody can still read.
const MOST_STATES: usize = 300_000;

/// What our module has said. If it stands in the stack twice, the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Said {
    /// It was not asked.
    Nothing,
    /// The user is not enrolled, and let in.
    Skipped,
    /// The code is right.
    Right,
    /// It cannot say: store or configuration do not work.
    Doubt,
    /// The code is wrong, or too many were.
    Wrong,
}

/// One way that ends with somebody let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Way {
    pub said: Said,
    /// A password was right, or what a module of unknown kind looks at.
    pub password: bool,
    /// The last module that was content and of which nobody here knows whether it checks a password. `None`
    /// if there was none, or if a password was right for certain.
    pub unknown: Option<usize>,
    /// Our module came before the password.
    pub code_first: bool,
    /// How often our module came; 2 is often.
    pub asked: u8,
    /// The line that led past our module.
    pub past_by: Option<usize>,
}

/// libpam's opinion so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Opinion {
    None,
    /// Good; whether the code to be returned is success.
    Good(bool),
    Bad,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    at: usize,
    opinion: Opinion,
    /// The opinions where the stacks that we are in began; for `reset`.
    begun: Vec<Opinion>,
    way: Way,
}

/// All ways in. `lets_in` says of a line of ours whether a user without an enrolment is let in. `None` if
/// there are too many ways.
pub fn ways(stack: &[Handler], lets_in: &dyn Fn(&Module) -> bool) -> Option<Vec<Way>> {
    let way = Way {
        said: Said::Nothing,
        password: false,
        unknown: None,
        code_first: false,
        asked: 0,
        past_by: None,
    };
    let mut open = vec![State { at: 0, opinion: Opinion::None, begun: vec![Opinion::None], way }];
    let (mut seen, mut ways) = (HashSet::new(), HashSet::new());
    while let Some(state) = open.pop() {
        if seen.len() > MOST_STATES {
            return None;
        }
        let Some(handler) = stack.get(state.at) else {
            if state.opinion == Opinion::Good(true) {
                ways.insert(state.way);
            }
            continue;
        };
        for next in following(stack, handler, &state, lets_in) {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    let mut ways: Vec<_> = ways.into_iter().collect();
    ways.sort_by_key(|way| (way.said, way.past_by, way.password, way.asked));
    Some(ways)
}

/// Where a line leads.
fn following(
    stack: &[Handler],
    handler: &Handler,
    state: &State,
    lets_in: &dyn Fn(&Module) -> bool,
) -> Vec<State> {
    let mut state = state.clone();
    state.begun.truncate(handler.level + 1);
    while state.begun.len() <= handler.level {
        state.begun.push(state.opinion);
    }
    match &handler.job {
        Job::Substack => vec![State { at: state.at + 1, ..state }],
        Job::Refusal => vec![step(stack, handler, &state, Code::MODULE_UNKNOWN)],
        Job::Module(module) => {
            let mut next: Vec<State> = Vec::new();
            for code in codes(module, lets_in) {
                let mut state = state.clone();
                note(&mut state, module, code);
                let reached = step(stack, handler, &state, code);
                if !next.contains(&reached) {
                    next.push(reached);
                }
            }
            next
        }
    }
}

/// What a module may return at a login.
fn codes(module: &Module, lets_in: &dyn Fn(&Module) -> bool) -> Vec<Code> {
    // What is not about authentication no module should return, and libpam looks no different at it.
    let all = Code::all().filter(|code| *code != Code::NEW_AUTHTOK_REQD);
    match module.kind {
        Kind::Deny => vec![Code::AUTH_ERR],
        Kind::Permit => vec![Code::SUCCESS],
        Kind::Aside => vec![Code::IGNORE],
        Kind::Condition | Kind::Neutral => all.collect(),
        // Who could have asked for something, and says "ignore me", has let nobody in.
        Kind::Password | Kind::SecondFactor | Kind::Unknown => {
            all.filter(|code| *code != Code::IGNORE).collect()
        }
        Kind::Ours => {
            let mut codes = vec![
                Code::SUCCESS,
                Code::AUTH_ERR,
                Code::MAXTRIES,
                Code::CONV_ERR,
                Code::AUTHINFO_UNAVAIL,
                Code::SERVICE_ERR,
            ];
            if lets_in(module) {
                codes.push(Code::IGNORE);
            }
            codes
        }
    }
}

/// Notes what a module's answer means for the way.
fn note(state: &mut State, module: &Module, code: Code) {
    let way = &mut state.way;
    match module.kind {
        Kind::Ours => {
            let said = match code {
                Code::SUCCESS => Said::Right,
                Code::IGNORE => Said::Skipped,
                Code::AUTHINFO_UNAVAIL | Code::SERVICE_ERR => Said::Doubt,
                _ => Said::Wrong,
            };
            way.said = way.said.max(said);
            way.asked = (way.asked + 1).min(2);
            way.code_first |= !way.password;
        }
        Kind::Password if code == Code::SUCCESS => (way.password, way.unknown) = (true, None),
        Kind::Unknown | Kind::SecondFactor if code == Code::SUCCESS => {
            if !way.password || way.unknown.is_some() {
                way.unknown = Some(state.at);
            }
            way.password = true;
        }
        Kind::Password
        | Kind::SecondFactor
        | Kind::Unknown
        | Kind::Condition
        | Kind::Neutral
        | Kind::Deny
        | Kind::Aside
        | Kind::Permit => {}
    }
}

/// Does what the control says to `code`.
fn step(stack: &[Handler], handler: &Handler, state: &State, code: Code) -> State {
    let mut next = state.clone();
    next.at += 1;
    let decided = match handler.control.of(code) {
        Action::Ignore => false,
        Action::Reset => {
            next.opinion = state.begun[handler.level];
            false
        }
        action @ (Action::Ok | Action::Done) => {
            if matches!(state.opinion, Opinion::None | Opinion::Good(true)) {
                next.opinion = Opinion::Good(code == Code::SUCCESS);
            }
            action == Action::Done && next.opinion != Opinion::Bad
        }
        action @ (Action::Bad | Action::Die) => {
            next.opinion = Opinion::Bad;
            action == Action::Die
        }
        Action::Jump(count) => {
            match jump(stack, state.at, count) {
                Some(at) => next.at = at,
                // Over the end: libpam cannot act on that.
                None => next.opinion = Opinion::Bad,
            }
            false
        }
    };
    if decided {
        // The rest of this stack does not count; one that it is part of goes on.
        let outside = |at: &usize| stack[*at].level < handler.level;
        next.at = (next.at..stack.len()).find(outside).unwrap_or(stack.len());
    }
    let passed_over = stack.get(state.at + 1..next.at).unwrap_or_default();
    if state.way.said == Said::Nothing
        && !handler.is_ours()
        && passed_over.iter().any(Handler::is_ours)
    {
        next.way.past_by = next.way.past_by.or(Some(state.at));
    }
    next
}

/// A line whose control jumps over more modules than there are: libpam refuses then.
pub fn jumps_over_the_end(stack: &[Handler]) -> Option<&Place> {
    let too_far = |(at, handler): &(usize, &Handler)| {
        Code::all().any(|code| match handler.control.of(code) {
            Action::Jump(count) => jump(stack, *at, count).is_none(),
            _ => false,
        })
    };
    stack.iter().enumerate().find(too_far).map(|(_, handler)| &handler.at)
}

/// Where the line is that comes after a jump over `count` modules. A substack is one.
fn jump(stack: &[Handler], from: usize, count: usize) -> Option<usize> {
    let level = stack[from].level;
    let mut at = from;
    for _ in 0..count {
        stack.get(at + 1).filter(|next| next.level >= level)?;
        at += 1;
        while stack.get(at + 1).is_some_and(|next| next.level > level) {
            at += 1;
        }
    }
    Some(at + 1)
}
