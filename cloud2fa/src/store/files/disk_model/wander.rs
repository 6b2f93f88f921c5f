//! Long sequences of events, by chance.

use super::explore::{Event, Scenario, Wrong};

/// Goes `length` events far from each of `walks` beginnings. Gives how many codes were accepted, or
/// what is wrong and how it came about.
pub fn wander(
    scenario: &Scenario,
    walks: u64,
    length: usize,
) -> Result<usize, (Wrong, Vec<Event>)> {
    let mut accepted = 0;
    for walk in 1..=walks {
        let machine = scenario.machine();
        let mut world = scenario.begin(&machine);
        let (mut path, mut chance) = (Vec::new(), Chance(walk));
        for _ in 0..length {
            let mut next = world.next(scenario, &machine);
            // What goes on is most of what happens; a power cut has many outcomes, and would be else.
            let mut kinds: Vec<_> = next.iter().map(|(event, _)| event.kind()).collect();
            kinds.dedup();
            let rare = chance.below(5) == 0;
            let wanted: Vec<_> =
                kinds.iter().copied().filter(|kind| kind.is_rare() == rare).collect();
            if let Some(kind) = wanted.get(chance.below(wanted.len().max(1))) {
                next.retain(|(event, _)| event.kind() == *kind);
            }
            let chosen = chance.below(next.len());
            let (event, outcome) = next.swap_remove(chosen);
            let restarts = event.restarts();
            path.push(event);
            let next = outcome.map_err(|wrong| (wrong, path.clone()))?;
            if let Some(wrong) = next.wrong(scenario, &machine).filter(|_| restarts) {
                return Err((wrong, path));
            }
            accepted += usize::from(next.has_accepted_since(&world));
            world = next;
        }
    }
    Ok(accepted)
}

/// xorshift64: the same walks each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % bound
    }
}
