//! Who calls, and whose second factor is meant.

use crate::arguments::Target;
use crate::failure::{Failure, Kind};
use crate::language::WORDS;
use crate::machine;
use cloud2fa::names::Nss;
use cloud2fa::{Known, Names, Store, User, UserName};
use nix::unistd::{Uid, getuid};

/// The uid for an unreadable record of a deleted user: `(uid_t) -1`, which no user has (chown(2)).
const NO_UID: u32 = u32::MAX;

/// Root's name, with which an enrolment is signed. `None` if somebody else calls.
pub fn root() -> Option<UserName> {
    let root = getuid().is_root().then(|| nix::unistd::User::from_uid(Uid::from_raw(0)))?;
    let name = root.ok().flatten().map_or_else(|| "root".to_owned(), |user| user.name);
    UserName::new(&name).or_else(|_| UserName::new("root")).ok()
}

/// Lets root pass. These verbs are about the store, which is root's alone.
pub fn require_root() -> Result<(), Failure> {
    if getuid().is_root() {
        return Ok(());
    }
    Err(Failure::new(Kind::NotPermitted, WORDS.failures.not_root))
}

/// The user that `target` means.
pub fn resolve(target: &Target) -> Result<User, Failure> {
    match &target.user {
        Some(name) => find(name),
        None if is_sudo() => Err(Failure::new(Kind::Usage, WORDS.failures.whose)),
        None => canonical(nix::unistd::User::from_uid(getuid()), || {
            (WORDS.failures.uid)(getuid().as_raw())
        }),
    }
}

/// The user of that name, as the system's database spells it.
pub fn find(name: &str) -> Result<User, Failure> {
    canonical(nix::unistd::User::from_name(name), || format!("{name:?}"))
}

/// A user, and the names to go by.
type UserAndNames = (User, Box<dyn Names>);

/// The user that `target` means, or one that the system does not know any more and that has a record
/// still: an administrator must be able to do away with it.
pub fn resolve_recorded(target: &Target, store: &mut dyn Store) -> Result<UserAndNames, Failure> {
    or_recorded(resolve(target), target.user.as_deref(), store)
}

/// Like [`resolve_recorded`], for a name.
pub fn find_recorded(name: &str, store: &mut dyn Store) -> Result<UserAndNames, Failure> {
    or_recorded(find(name), Some(name), store)
}

/// Who was found, or a user of the store whom the system does not know.
fn or_recorded(
    found: Result<User, Failure>,
    name: Option<&str>,
    store: &mut dyn Store,
) -> Result<UserAndNames, Failure> {
    let failure = match (found, name) {
        (Ok(user), _) => return Ok((user, Box::new(Nss))),
        (Err(failure), Some(_)) if failure.kind == Kind::UnknownUser => failure,
        (Err(failure), _) => return Err(failure),
    };
    let own = name.and_then(|name| UserName::new(name).ok());
    let own = own.and_then(|name| store.record(&name, &machine::now));
    let user = own.map(|own| User { uid: own.uid.unwrap_or(NO_UID), name: own.name });
    let user = user.ok_or(failure)?;
    Ok((user.clone(), Box::new(Forgotten(user))))
}

/// For a user whom the system has forgotten: nobody else shares the uid.
struct Forgotten(User);

impl Names for Forgotten {
    fn uid_of(&self, name: &UserName) -> Known {
        if *name == self.0.name { Known::Uid(self.0.uid) } else { Known::NoSuchUser }
    }
}

fn canonical(
    entry: nix::Result<Option<nix::unistd::User>>,
    asked: impl Fn() -> String,
) -> Result<User, Failure> {
    let words = &WORDS.failures;
    let unavailable =
        |errno| Failure::new(Kind::Unavailable, (words.users_cannot_be_asked)(&asked(), &errno));
    let unknown = || Failure::new(Kind::UnknownUser, (words.no_such_user)(&asked()));
    let entry = entry.map_err(unavailable)?.ok_or_else(unknown)?;
    let user = User::try_from(entry).and_then(|user| user.name.must_fit_a_record().map(|()| user));
    user.map_err(|bad| Failure::new(Kind::UnknownUser, (words.cannot_be_enrolled)(&asked(), &bad)))
}

/// Whether sudo, pkexec or doas has made an ordinary user root: then "the caller's own" has
/// two readings.
fn is_sudo() -> bool {
    let set_to_another = |name, roots: &str| std::env::var(name).is_ok_and(|value| value != roots);
    let through = [("SUDO_UID", "0"), ("PKEXEC_UID", "0"), ("DOAS_USER", "root")];
    getuid().is_root() && through.into_iter().any(|(name, roots)| set_to_another(name, roots))
}
