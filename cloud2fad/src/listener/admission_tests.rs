//! Who is served, and when: by numbers alone.

use super::*;

const ANNA: u32 = 1000;
const BERT: u32 = 1001;

/// As /etc/subuid has them.
fn is_subordinate(uid: u32) -> bool {
    (100_000..165_536).contains(&uid)
}

/// Connections are numbers.
struct Door {
    admission: Admission<u32>,
    now: Instant,
}

impl Door {
    fn new() -> Self {
        let now = Instant::now();
        Self { admission: Admission::new(4096, now), now }
    }

    fn come(&mut self, uid: u32, count: u32) -> Vec<(u32, Excess)> {
        (0..count)
            .filter_map(|number| {
                self.admission.arrive((uid, is_subordinate(uid)), number, self.now)
            })
            .collect()
    }

    /// Whoever is served now, by uid.
    fn serve(&mut self) -> Vec<u32> {
        std::iter::from_fn(|| self.admission.next(self.now)).map(|(uid, _)| uid).collect()
    }

    fn know(&mut self, uid: u32) {
        self.admission.learn(uid, Somebody::User, self.now);
    }
}

/// With somebody who is known.
fn with(uids: &[u32]) -> Door {
    let mut door = Door::new();
    for uid in uids {
        door.come(*uid, 1);
        assert_eq!(door.serve(), [*uid]);
        door.know(*uid);
        door.admission.end(*uid);
    }
    door
}

#[test]
fn a_daemon_has_places_of_its_own_and_users_keep_theirs() {
    const RADIUS: u32 = 114;
    let mut door = Door::new();
    door.come(RADIUS, 100);
    assert_eq!(door.serve(), [RADIUS], "nobody knows yet");
    door.admission.learn(RADIUS, Somebody::Daemon, door.now);
    assert_eq!(door.serve().len(), PLACES_EACH_DAEMON - 1);
    let users: Vec<_> = (2000..2000 + 16).collect();
    let mut served = 0;
    for uid in &users {
        door.come(*uid, 1);
        served += door.serve().len();
        door.know(*uid);
        door.come(*uid, 9);
    }
    assert_eq!(served + door.serve().len(), PLACES, "as without it");
    // Its next process says first what each one says.
    door.admission.learn(RADIUS, Somebody::User, door.now);
    assert!(door.serve().is_empty());
    (0..PLACES_EACH_DAEMON).for_each(|_| door.admission.end(RADIUS));
    assert_eq!(door.serve(), [RADIUS; PLACES_EACH_DAEMON]);
    door.admission.end(users[0]);
    assert_eq!(door.serve().len(), 1, "a user's place is a user's");
}

#[test]
fn each_user_has_four_places_and_the_next_waits_for_one() {
    let mut door = with(&[ANNA, BERT]);
    door.come(ANNA, 1000);
    door.come(BERT, 1);
    assert_eq!(door.serve(), [ANNA, BERT, ANNA, ANNA, ANNA]);
    assert_eq!(door.admission.wait(door.now), None, "it waits for a place, not for a time");
    door.admission.end(ANNA);
    assert_eq!(door.serve(), [ANNA]);
}

#[test]
fn who_is_not_known_yet_has_one_place_until_that_is_known() {
    let mut door = Door::new();
    door.come(ANNA, 5);
    assert_eq!(door.serve(), [ANNA]);
    door.know(ANNA);
    assert_eq!(door.serve(), [ANNA; 3]);
}

#[test]
fn eight_of_whom_nobody_answers_keep_no_user_out_who_is_known() {
    let mut door = with(&[ANNA]);
    (2000..3000).for_each(|uid| drop(door.come(uid, 10)));
    door.come(ANNA, 1);
    let served = door.serve();
    assert_eq!(served.len(), PLACES_OF_UNKNOWN + 1);
    assert!(served.contains(&ANNA), "{served:?}");
}

#[test]
fn root_has_places_of_its_own_and_no_allowance() {
    let users: Vec<u32> = (1000..1016).collect();
    let mut door = with(&users);
    for uid in &users {
        door.come(*uid, 10);
    }
    assert_eq!(door.serve().len(), PLACES);
    door.come(ROOT, 100);
    assert_eq!(door.serve(), [ROOT; PLACES_OF_ROOT]);
    for _ in 0..1000 {
        door.come(ROOT, 1);
        door.admission.end(ROOT);
        assert_eq!(door.serve(), [ROOT]);
    }
}

#[test]
fn who_is_nobody_is_hung_up_on_for_a_minute_and_asked_about_again() {
    let mut door = Door::new();
    door.come(ANNA, 3);
    assert_eq!(door.serve(), [ANNA]);
    assert_eq!(door.admission.learn_nobody(ANNA, door.now), 2, "who waits behind is, too");
    door.admission.end(ANNA);
    assert!(door.admission.is_idle());
    assert_eq!(door.come(ANNA, 2), [(ANNA, Excess::Nobody); 2]);
    door.now += NOBODY_FOR;
    assert_eq!(door.come(ANNA, 1), []);
    assert_eq!(door.serve(), [ANNA]);
}

#[test]
fn who_comes_without_end_is_served_twenty_times_a_second_and_others_at_once() {
    let mut door = with(&[ANNA, BERT]);
    let mut served = 0;
    for _ in 0..1000 {
        door.come(ANNA, 1);
        for uid in door.serve() {
            served += 1;
            door.admission.end(uid);
        }
        door.now += Duration::from_millis(10);
    }
    assert!((290..=310).contains(&served), "{served}: a hundred, and ten seconds' twenty");
    door.come(BERT, 1);
    assert!(door.serve().contains(&BERT));
    assert!(door.admission.wait(door.now).is_some_and(|wait| wait <= Duration::from_millis(50)));
}

#[test]
fn lines_in_the_log_cost_what_connections_cost() {
    let mut door = with(&[ANNA]);
    (0..200).for_each(|_| door.admission.logged(ANNA, door.now));
    door.come(ANNA, 1);
    assert!(door.serve().is_empty());
    door.now += door.admission.wait(door.now).expect("a time");
    assert_eq!(door.serve(), [ANNA]);
}

#[test]
fn of_too_many_that_wait_those_of_who_has_most_are_hung_up_on() {
    let mut door = Door { admission: Admission::new(100, Instant::now()), now: Instant::now() };
    assert_eq!(door.come(ANNA, 150), [(ANNA, Excess::TooMany); 50]);
    assert_eq!(door.come(BERT, 10), [(ANNA, Excess::TooMany); 10]);
    let mut door = Door::new();
    let excess = door.come(ANNA, 1025);
    assert_eq!(excess, [(ANNA, Excess::TooMany)], "also where there would be room");
}

#[test]
fn those_who_have_gone_are_forgotten_and_so_is_all_that_was_about_them() {
    let mut door = Door::new();
    (5000..6000).for_each(|uid| drop(door.come(uid, 2)));
    door.admission.sweep(door.now, |_| true);
    assert!(door.admission.is_idle() && door.admission.callers.is_empty());
    assert!(door.serve().is_empty());
}

#[test]
fn a_user_who_is_deleted_while_being_served_keeps_what_is_begun() {
    let mut door = with(&[ANNA]);
    door.come(ANNA, 2);
    assert_eq!(door.serve(), [ANNA; 2]);
    assert_eq!(door.admission.learn_nobody(ANNA, door.now), 0);
    door.admission.end(ANNA);
    door.admission.end(ANNA);
    assert!(door.admission.is_idle());
}

#[test]
fn all_uids_for_containers_together_have_one_place_and_who_is_somebody_has_four() {
    let mut door = with(&[ANNA]);
    let excess: usize = (100_000..100_500).map(|uid| door.come(uid, 10).len()).sum();
    assert_eq!(excess, 5000 - WAITING_SUBORDINATE);
    door.come(ANNA, 1);
    door.come(BERT, 1);
    assert_eq!(door.serve(), [100_000, ANNA, BERT]);
    // A person whom somebody else's range has, as where uids come from a directory.
    door.know(100_000);
    assert_eq!(door.serve(), [100_000; 3]);
    door.come(100_000, 10);
    assert!(door.serve().is_empty());
    (0..4).for_each(|_| door.admission.end(100_000));
    assert_eq!(door.serve(), [100_000; 4]);
}

#[test]
fn a_uid_that_comes_into_a_range_while_it_is_served_is_counted_as_it_was() {
    let mut door = Door::new();
    door.admission.arrive((ANNA, false), 0, door.now);
    assert_eq!(door.serve(), [ANNA]);
    door.admission.arrive((ANNA, true), 1, door.now);
    door.admission.end(ANNA);
    assert_eq!(door.serve(), [ANNA]);
    door.know(ANNA);
    door.admission.end(ANNA);
    assert!(door.admission.is_idle());
    assert_eq!((door.admission.served_unknown, door.admission.served_subordinate), (0, 0));
}
