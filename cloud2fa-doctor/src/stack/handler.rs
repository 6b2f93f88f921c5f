//! What a line does in a stack.

use super::control::Control;
use super::line::{Line, Place};
use super::modules::{Kind, kind};

/// A module as a line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// As it is written: a name, or an absolute path.
    pub path: String,
    pub arguments: Vec<String>,
    pub kind: Kind,
}

/// What a line does in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    Module(Module),
    /// A stack of its own begins behind it.
    Substack,
    /// libpam cannot read the line, or not what it includes: it refuses.
    Refusal,
}

/// A line of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    pub at: Place,
    /// How many stacks it is in.
    pub level: usize,
    pub job: Job,
    pub control: Control,
}

impl Handler {
    pub fn module(&self) -> Option<&Module> {
        match &self.job {
            Job::Module(module) => Some(module),
            Job::Substack | Job::Refusal => None,
        }
    }

    pub fn is_ours(&self) -> bool {
        self.module().is_some_and(|module| module.kind == Kind::Ours)
    }
}

/// The module of a line that includes nothing.
pub fn module(line: &Line) -> Option<Module> {
    let path = line.words.get(2)?.clone();
    let arguments = line.words[3..].to_vec();
    Some(Module { kind: kind(&path, &arguments), path, arguments })
}
