//! Direct or through the service: the store's files where this process may write them, else
//! [`Client`]. A record that is missing never falls through to anything.

use crate::attempt::Attempt;
use crate::backup_codes::HashMemory;
use crate::client::Client;
use crate::config::Config;
use crate::decide::Verdict;
use crate::names::Names;
use crate::store::files::FileStore;
use crate::store::{Challenge, Challenged, StoreError, Verifier};
use crate::time::Clock;
use crate::user::User;
use nix::errno::Errno;

/// A verifier on whichever side can be reached.
pub enum Reach {
    /// In this process, and nowhere else: the service may go by another configuration, and have
    /// another store.
    Alone(FileStore),
    /// In this process, on the store's files.
    Direct(FileStore),
    /// By the service.
    Service {
        /// What is in the way of the files.
        files: String,
        /// The way to the service.
        client: Client,
    },
}

impl Reach {
    /// Opens the store that `config` names, which must be `owner`'s, or else means the service,
    /// if `config` is the one that the service goes by. Fails where there is a store that is not
    /// healthy.
    pub fn open(
        config: &Config,
        is_services: bool,
        owner: u32,
        memory: Box<dyn HashMemory>,
    ) -> Result<Self, StoreError> {
        match FileStore::open(&config.state_dir, owner, config.rules(), memory) {
            Ok(store) if is_services => Ok(Self::Direct(store)),
            Ok(store) => Ok(Self::Alone(store)),
            Err(error) if is_services => Self::around(error),
            Err(error) => Err(error),
        }
    }

    /// The service, if `error` says that the files are out of this process's reach.
    fn around(error: StoreError) -> Result<Self, StoreError> {
        let out_of_reach = match &error {
            StoreError::Missing(_) => true,
            StoreError::Io { source, .. } => matches!(
                source.raw_os_error().map(Errno::from_raw),
                Some(Errno::EACCES | Errno::EPERM | Errno::EROFS)
            ),
            _ => false,
        };
        if !out_of_reach {
            return Err(error);
        }
        let (files, mut client) = (error.to_string(), Client::default());
        // "No such user" and the like must not be said beside a store that is not there.
        client.connect().map_err(|error| also(&files, error.into()))?;
        Ok(Self::Service { files, client })
    }
}

impl Verifier for Reach {
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Challenge, StoreError> {
        if let Self::Direct(store) = self {
            match store.challenge(user, clock) {
                // A sandbox may show the files, and show them read-only.
                Err(error) => *self = Self::around(error)?,
                outcome => return outcome,
            }
        }
        match self {
            Self::Alone(store) | Self::Direct(store) => store.challenge(user, clock),
            Self::Service { files, client } => {
                client.challenge(user, clock).map_err(|error| also(files, error))
            }
        }
    }

    fn find(
        &mut self,
        user: &User,
        names: &dyn Names,
        clock: Clock<'_>,
    ) -> Result<Challenged, StoreError> {
        if let Self::Direct(store) = self {
            match store.find(user, names, clock) {
                Err(error) => *self = Self::around(error)?,
                outcome => return outcome,
            }
        }
        match self {
            Self::Alone(store) | Self::Direct(store) => store.find(user, names, clock),
            Self::Service { files, client } => {
                client.find(user, names, clock).map_err(|error| also(files, error))
            }
        }
    }

    fn whose(&mut self, user: &User, names: &dyn Names) -> Result<User, StoreError> {
        match self {
            Self::Alone(store) | Self::Direct(store) => store.whose(user, names),
            Self::Service { files, client } => {
                client.whose(user, names).map_err(|error| also(files, error))
            }
        }
    }

    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, StoreError> {
        match self {
            Self::Alone(store) | Self::Direct(store) => store.verify(attempt, clock),
            Self::Service { files, client } => {
                client.verify(attempt, clock).map_err(|error| also(files, error))
            }
        }
    }
}

/// Where the service does not do it, either, both reasons matter.
fn also(files: &str, error: StoreError) -> StoreError {
    match error {
        StoreError::Unreachable(service) => {
            StoreError::OutOfReach { files: files.to_owned(), service }
        }
        other => other,
    }
}
