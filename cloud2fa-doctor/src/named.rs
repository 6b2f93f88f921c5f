//! A store that logins and the command go by, as findings speak of it.

use crate::finding::{Finding, listed, shell};
use crate::pam::AskingService;
use cloud2fa::Config;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A store, and who goes by it.
#[derive(Debug, Clone)]
pub struct NamedStore {
    pub config: Config,
    /// The configuration's file. `None` if it is the usual one.
    pub file: Option<PathBuf>,
    /// The services whose module goes by it.
    pub services: BTreeSet<String>,
    /// Whether the machine has other stores, so that findings must say which one they are about.
    pub is_one_of_several: bool,
}

impl NamedStore {
    /// The store of the usual configuration.
    pub fn usual(config: &Config) -> Self {
        Self {
            config: config.clone(),
            file: None,
            services: BTreeSet::new(),
            is_one_of_several: false,
        }
    }

    pub fn state_dir(&self) -> &Path {
        &self.config.state_dir
    }

    /// How to call the command so that it goes by this store.
    pub fn command(&self) -> String {
        let config = self.file.as_deref().map(|file| format!(" --config {}", shell(file)));
        format!("cloud2fa{}", config.unwrap_or_default())
    }

    /// The services of `asked` that go by this store.
    pub fn asked(&self, asked: &[AskingService]) -> Vec<AskingService> {
        let ours = |it: &&AskingService| self.services.contains(&it.service);
        asked.iter().filter(ours).cloned().collect()
    }

    /// Says in a finding which store it is about.
    pub fn tell(&self, finding: Finding) -> Finding {
        if !self.is_one_of_several {
            return finding;
        }
        let what = format!("{} ({})", finding.what, self.which());
        Finding { what, ..finding }
    }

    /// Which store it is, for a machine that has several.
    pub fn which(&self) -> String {
        let services: Vec<_> = self.services.iter().cloned().collect();
        let services =
            if services.is_empty() { "no service".to_owned() } else { listed(&services) };
        format!("the store {}, for {services}", self.state_dir().display())
    }
}
