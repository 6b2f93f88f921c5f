//! A hundred thousand records: the index is made in time that grows with their number, takes next to no
//! room, and a login that goes by it does not depend on it.

#![allow(missing_docs)]

#[path = "common/house.rs"]
mod house;
#[path = "common/names.rs"]
mod names;

use cloud2fa::StoreError;
use house::{FORMAT, House, SLOT, slot, user};
use names::{System, Untouched, find, make_older, record};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

const RECORDS: u32 = 100_000;
const FIRST_UID: u32 = 1_000_000;

/// A record with its first slot alone: half the room.
fn put(path: &Path, record: &str, name: &str, uid: u32) {
    let text = record
        .replace("user = \"alice\"", &format!("user = \"{name}\""))
        .replace("uid = 1000", &format!("uid = {uid}"));
    let mut options = File::options();
    let path = path.join(format!("{name}.account"));
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(&slot(FORMAT, 1, &text)).unwrap();
    file.set_len(2 * SLOT as u64).unwrap();
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = work();
    eprintln!("{what}: {:?}", begun.elapsed());
    (done, begun.elapsed())
}

#[test]
fn a_hundred_thousand_records_are_indexed_once_and_looked_up_at_once() {
    let house = House::new();
    std::fs::remove_dir_all(house.path().join("uid")).unwrap();
    make_older(&house.path());
    let record = record();
    for number in 0..RECORDS {
        put(&house.path(), &record, &format!("u{number:06}"), FIRST_UID + number);
    }
    let last = FIRST_UID + RECORDS - 1;
    let (another, nobody) = (user("another", last), user("nobody", 7));
    let system = System::sharing(last, &["another", "u099999"]);

    // Without an index all records are looked at, in time or not; never is it "not enrolled".
    let (found, _) = timed("a look at all of them", || find(&mut house.store(), &another, &system));
    match found {
        Ok(found) => assert_eq!(found, ("u099999".to_owned(), true)),
        Err(error) => assert!(matches!(error, StoreError::NotIndexed(_)), "{error:?}"),
    }

    let (added, _) =
        timed("the index", || house.store().complete_index(&System::default()).unwrap());
    assert_eq!(added, RECORDS as usize);
    let (added, _) =
        timed("the index again", || house.store().complete_index(&System::default()).unwrap());
    assert_eq!(added, 0);

    let mut store = house.store();
    let (found, _) = timed("another name", || find(&mut store, &another, &system).unwrap());
    assert_eq!(found, ("u099999".to_owned(), true));
    let ((), hundred) = timed("a hundred times nobody", || {
        for _ in 0..100 {
            assert_eq!(
                find(&mut store, &nobody, &Untouched).unwrap(),
                ("nobody".to_owned(), false)
            );
        }
    });
    assert!(hundred < Duration::from_secs(1), "one took {:?}", hundred / 100);

    let entries = std::fs::read_dir(house.path().join("uid")).unwrap();
    let blocks: u64 = entries.map(|entry| entry.unwrap().metadata().unwrap().blocks()).sum();
    assert!(blocks * 512 < 1 << 20, "the links take {} KiB", blocks / 2);
}
