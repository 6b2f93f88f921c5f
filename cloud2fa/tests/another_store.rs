//! A store that is none of this crate's, in memory, by its public parts alone: records are read and written
//! at the seam, the rules are `store::changes`. Once it locks, as files do; once it compares a version, as
//! a database does. What holds of one store holds of each.

#[path = "common/house.rs"]
mod house;

use cloud2fa::backup_codes::{BackupCodeSet, HashMemory, HeapMemory};
use cloud2fa::seal::NoSeal;
use cloud2fa::store::changes::{self, Failures, Issued, OldCopy};
use cloud2fa::store::{
    Basis, Challenge, Disabled, Listed, Standing, Store, StoreError, Verifier, record, whose,
};
use cloud2fa::time::Clock;
use cloud2fa::{
    Account, Answer, Attempt, Cleared, FileStore, Generation, Names, PendingEnrolment,
    ProvenEnrolment, Rules, Secret, TimeStep, UnixTime, User, UserName, Verdict,
};
use house::{House, NOW, accepted, alice, attempt, later, user};
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier, Mutex};

/// A record's text, and which version of the row it is.
type Row = (u64, Vec<u8>);

/// How a store sees to it that nobody writes between its read and its write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// Nobody else can.
    Locks,
    /// Who comes too late notices, and begins anew.
    Compares,
}

/// The rows are shared, as by several processes.
#[derive(Clone)]
struct Memory {
    rows: Arc<Mutex<BTreeMap<UserName, Row>>>,
    care: Care,
}

impl Memory {
    fn new(care: Care) -> Self {
        Self { rows: Arc::default(), care }
    }

    fn read(&self, name: &UserName) -> Option<(u64, Account)> {
        let (version, text) = self.rows.lock().unwrap().get(name)?.clone();
        Some((version, record::read(record::FORMAT, &text, &NoSeal).unwrap()))
    }

    /// Reads, asks what the account becomes, and writes that.
    fn change<T>(
        &self,
        name: &UserName,
        mut change: impl FnMut(Option<&Account>) -> Result<(T, Option<Account>), StoreError>,
    ) -> Result<T, StoreError> {
        let text = |account: &Account| record::write(account).to_vec();
        if self.care == Care::Locks {
            let mut rows = self.rows.lock().unwrap();
            let before = rows.get(name).cloned();
            let account = before
                .as_ref()
                .map(|(_, text)| record::read(record::FORMAT, text, &NoSeal).unwrap());
            let (outcome, account) = change(account.as_ref())?;
            if let Some(account) = account {
                rows.insert(name.clone(), (0, text(&account)));
            }
            return Ok(outcome);
        }
        loop {
            let before = self.read(name);
            let (outcome, account) = change(before.as_ref().map(|(_, account)| account))?;
            let Some(account) = account else { return Ok(outcome) };
            let seen = before.map(|(version, _)| version);
            let mut rows = self.rows.lock().unwrap();
            if rows.get(name).map(|(version, _)| *version) == seen {
                rows.insert(name.clone(), (seen.unwrap_or_default() + 1, text(&account)));
                return Ok(outcome);
            }
        }
    }
}

fn not_enrolled(user: &User) -> StoreError {
    StoreError::NotEnrolled(user.name.clone())
}

impl Verifier for Memory {
    fn challenge(&mut self, user: &User, clock: Clock<'_>) -> Result<Challenge, StoreError> {
        self.change(&user.name, |account| {
            Ok(account.map_or((Challenge::NotEnrolled, None), |it| changes::challenge(it, clock())))
        })
    }

    fn verify(&mut self, attempt: &Attempt<'_>, clock: Clock<'_>) -> Result<Verdict, StoreError> {
        let name = &attempt.user.name;
        let Some((_, account)) = self.read(name) else { return Ok(Verdict::Changed) };
        let mut memory = HeapMemory::default();
        let claim = changes::claim(&account, attempt, |recipe, code| {
            Ok(recipe.hash(code, &mut memory as &mut dyn HashMemory)?)
        })?;
        let Some(claim) = claim else { return Ok(Verdict::Changed) };
        self.change(name, |account| {
            let verify =
                |account| changes::verify(account, attempt, &claim, clock(), &Rules::default());
            Ok(account.map_or((Verdict::Changed, None), verify))
        })
    }

    fn whose(&mut self, user: &User, names: &dyn Names) -> Result<User, StoreError> {
        let is_enrolled = |name| self.read(name).is_some_and(|(_, it)| it.enrolment.is_some());
        if is_enrolled(&user.name) {
            return Ok(user.clone());
        }
        for name in self.names_after(None)? {
            let account = self.read(&name).map(|(_, account)| account);
            if name != user.name && whose::counts_for(Ok(account), &name, user, names)? {
                return Ok(User { name, uid: user.uid });
            }
        }
        Ok(user.clone())
    }
}

impl Store for Memory {
    fn enrol(
        &mut self,
        user: &User,
        proven: ProvenEnrolment,
        by: &str,
        basis: &Basis,
        failures: Failures,
        clock: Clock<'_>,
    ) -> Result<Issued, StoreError> {
        let (backup_codes, codes) = BackupCodeSet::generate(&mut HeapMemory::default())?;
        let cleared = self.change(&user.name, |before| {
            let usage = changes::usage(before, user, basis)?;
            let (proven, codes) = (proven.clone(), codes.clone());
            let (account, cleared) =
                changes::enrol(usage, user, proven, by, codes, failures, clock())?;
            Ok((cleared, Some(account)))
        })?;
        Ok(Issued { backup_codes, old_copy: OldCopy::Wiped, cleared })
    }

    fn regenerate_backup_codes(
        &mut self,
        user: &User,
        basis: &Generation,
        _: Clock<'_>,
    ) -> Result<Issued, StoreError> {
        let (backup_codes, codes) = BackupCodeSet::generate(&mut HeapMemory::default())?;
        self.change(&user.name, |before| {
            let before = before.ok_or_else(|| not_enrolled(user))?;
            Ok(((), Some(changes::regenerate(before, user, basis, codes.clone())?)))
        })?;
        Ok(Issued { backup_codes, old_copy: OldCopy::Wiped, cleared: Cleared::default() })
    }

    fn disable(
        &mut self,
        user: &User,
        basis: &Basis,
        failures: Failures,
        clock: Clock<'_>,
    ) -> Result<Disabled, StoreError> {
        let cleared = self.change(&user.name, |before| {
            let usage = changes::usage(before, user, basis)?;
            let (account, cleared) = changes::disable(usage, user, failures, clock())?;
            Ok((cleared, Some(account)))
        })?;
        Ok(Disabled { old_copy: OldCopy::Wiped, cleared })
    }

    fn unlock(&mut self, user: &User, clock: Clock<'_>) -> Result<Cleared, StoreError> {
        self.change(&user.name, |before| {
            let (account, cleared) =
                changes::unlock(before.ok_or_else(|| not_enrolled(user))?, clock());
            Ok((cleared, Some(account)))
        })
    }

    fn status(&mut self, user: &User, clock: Clock<'_>) -> Result<Standing, StoreError> {
        let account = self.read(&user.name);
        Ok(account.map_or(Standing::NeverEnrolled, |(_, account)| Standing::of(&account, clock())))
    }

    fn names_after(&mut self, after: Option<&UserName>) -> Result<Vec<UserName>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let behind = rows.keys().filter(|name| after.is_none_or(|after| *name > after));
        Ok(behind.take(2).cloned().collect())
    }

    fn record(&mut self, name: &UserName, clock: Clock<'_>) -> Option<Listed> {
        let (_, account) = self.read(name)?;
        let standing = Ok(Standing::of(&account, clock()));
        Some(Listed { name: name.clone(), uid: account.user.uid, standing })
    }
}

/// Does the same with each kind of store.
fn on_each(test: impl Fn(&str, &mut (dyn Store + Send), &dyn Fn() -> Box<dyn Store + Send>)) {
    let house = House::new();
    test("files", &mut house.store(), &|| Box::new(house.store()));
    for care in [Care::Locks, Care::Compares] {
        let memory = Memory::new(care);
        test(&format!("{care:?}"), &mut memory.clone(), &|| Box::new(memory.clone()));
    }
}

fn enrol(store: &mut dyn Store, who: &User) -> (Secret, Issued, Generation) {
    let pending = PendingEnrolment::generate().unwrap();
    let secret = pending.secret().clone();
    let proven = pending.prove(&secret.token_at(TimeStep::of(NOW)), NOW, 1).unwrap();
    let basis = store.status(who, &|| NOW).unwrap().basis();
    let issued = store.enrol(who, proven, "root", &basis, Failures::CarriedOver, &|| NOW).unwrap();
    let challenge = store.challenge(who, &|| NOW).unwrap();
    (secret, issued, challenge.seen().expect("enrolled").clone())
}

fn log_in(
    store: &mut dyn Store,
    seen: &Generation,
    answer: &Answer,
    now: UnixTime,
) -> Result<Verdict, StoreError> {
    let who = alice();
    store.verify(&attempt(&who, seen, answer, cloud2fa::Purpose::Login), &|| now)
}

fn token(secret: &Secret, now: UnixTime) -> Answer {
    Answer::Token(secret.token_at(TimeStep::of(now)))
}

#[test]
fn a_code_is_refused_the_second_time() {
    on_each(|kind, store, _| {
        let (secret, issued, seen) = enrol(store, &alice());
        assert!(!accepted(&log_in(store, &seen, &token(&secret, NOW), NOW).unwrap()), "the proof");
        for answer in [token(&secret, later(1)), Answer::BackupCode(issued.backup_codes[3].clone())]
        {
            assert!(accepted(&log_in(store, &seen, &answer, later(1)).unwrap()), "{kind}");
            let second = log_in(store, &seen, &answer, later(1)).unwrap();
            assert!(matches!(second, Verdict::Replayed { .. }), "{kind}: {second:?}");
        }
    });
}

#[test]
fn of_eight_logins_at_once_with_one_code_one_gets_in() {
    on_each(|kind, store, open| {
        let (secret, _, seen) = enrol(store, &alice());
        let (barrier, right) = (Barrier::new(8), token(&secret, later(1)));
        let stores: Vec<_> = (0..8).map(|_| open()).collect();
        let count = std::thread::scope(|scope| {
            let logins: Vec<_> = stores
                .into_iter()
                .map(|mut store| {
                    let (barrier, seen, right) = (&barrier, &seen, &right);
                    scope.spawn(move || {
                        barrier.wait();
                        accepted(&log_in(&mut *store, seen, right, later(1)).unwrap())
                    })
                })
                .collect();
            logins.into_iter().filter_map(|it| it.join().unwrap().then_some(())).count()
        });
        assert_eq!(count, 1, "{kind}");
    });
}

#[test]
fn wrong_codes_of_many_at_once_are_evaluated_as_often_as_is_free() {
    on_each(|kind, store, open| {
        let (secret, _, seen) = enrol(store, &alice());
        let right = secret.token_at(TimeStep::of(later(1)));
        let wrong = if right.as_str() == "000000" { "000001" } else { "000000" };
        let wrong = Answer::parse(wrong.as_bytes()).unwrap();
        let stores: Vec<_> = (0..12).map(|_| open()).collect();
        let evaluated = std::thread::scope(|scope| {
            let logins: Vec<_> = stores
                .into_iter()
                .map(|mut store| {
                    let (seen, wrong) = (&seen, &wrong);
                    scope.spawn(move || {
                        let verdict = log_in(&mut *store, seen, wrong, later(1)).unwrap();
                        matches!(verdict, Verdict::Wrong { .. })
                    })
                })
                .collect();
            logins.into_iter().filter_map(|it| it.join().unwrap().then_some(())).count()
        });
        assert_eq!(evaluated, 5, "{kind}");
        let challenge = store.challenge(&alice(), &|| later(1)).unwrap();
        assert!(matches!(challenge, Challenge::AskForBackupCode(..)), "{kind}: {challenge:?}");
        store.unlock(&alice(), &|| later(1)).unwrap();
        assert!(matches!(store.challenge(&alice(), &|| later(1)), Ok(Challenge::Ask(_))), "{kind}");
    });
}

#[test]
fn a_change_commits_on_nothing_but_what_it_was_begun_on() {
    on_each(|kind, store, _| {
        let (secret, _, seen) = enrol(store, &alice());
        store.regenerate_backup_codes(&alice(), &seen, &|| later(1)).unwrap();
        let again = store.regenerate_backup_codes(&alice(), &seen, &|| later(1));
        assert!(matches!(again, Err(StoreError::Changed(_))), "{kind}");
        let late = store.disable(
            &alice(),
            &Basis::Generation(seen.clone()),
            Failures::CarriedOver,
            &|| later(1),
        );
        assert!(matches!(late, Err(StoreError::Changed(_))), "{kind}");
        let old = log_in(store, &seen, &token(&secret, later(1)), later(1)).unwrap();
        assert_eq!(old, Verdict::Changed, "{kind}");
        let basis = store.status(&alice(), &|| NOW).unwrap().basis();
        store.disable(&alice(), &basis, Failures::CarriedOver, &|| later(1)).unwrap();
        assert_eq!(store.challenge(&alice(), &|| NOW).unwrap(), Challenge::NotEnrolled, "{kind}");
    });
}

#[test]
fn all_records_are_listed_once_and_in_their_order() {
    on_each(|kind, store, _| {
        let names = ["bob", "alice", "carol", "dave", "erin"];
        for (uid, name) in (1000..).zip(names) {
            let who = user(name, uid);
            store.disable(&who, &Basis::Nothing, Failures::CarriedOver, &|| NOW).unwrap();
        }
        let mut listed = Vec::new();
        let mut page = store.names_after(None).unwrap();
        while let Some(last) = page.last().cloned() {
            listed.extend(
                page.iter().map(|name| store.record(name, &|| NOW).unwrap().name.to_string()),
            );
            page = store.names_after(Some(&last)).unwrap();
        }
        assert_eq!(listed, ["alice", "bob", "carol", "dave", "erin"], "{kind}");
    });
}

/// Any thread may have one: a server of many connections does.
#[test]
fn a_file_store_can_be_sent_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<FileStore>();
}
