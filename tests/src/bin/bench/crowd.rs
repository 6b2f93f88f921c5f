//! Eight processes at once.

use crate::codes;
use crate::ground::{Ground, PEOPLE};
use crate::module::Module;
use crate::worker::Worker;
use std::time::{Duration, SystemTime};

/// How many processes.
const WORKERS: usize = 8;

/// Each module has its turn after so many logins.
const TURN: usize = 200;

/// Each user logs in once a round.
const ROUNDS: usize = 3;

/// Users whose code is tried by all processes at once.
pub const RACED: usize = 200;

/// The processes are told this long before that they begin.
const HEAD_START: Duration = Duration::from_millis(2);

/// Eight workers for each module that asks for codes.
pub struct Crowd(Vec<(Module, Vec<Worker>)>);

/// What a crowd has shown.
pub struct Findings {
    /// Different users at once.
    pub throughput: Vec<(Module, Throughput)>,
    /// The same user and code at once: how many of the users were let in more than once.
    pub races: Vec<(Module, usize)>,
}

/// Different users with right codes, at once.
#[derive(Clone, Copy)]
pub struct Throughput {
    logins: usize,
    took: Duration,
    /// Logins that were refused.
    pub refused: usize,
}

impl Throughput {
    /// Logins a second, refused ones too.
    #[allow(clippy::cast_precision_loss)]
    pub fn a_second(&self) -> f64 {
        self.logins as f64 / self.took.as_secs_f64()
    }

    /// How many logins there were.
    pub fn logins(&self) -> usize {
        self.logins
    }
}

impl Crowd {
    /// Starts the workers.
    pub fn gather(ground: &Ground) -> Self {
        let workers = |module| (0..WORKERS).map(|_| Worker::start(ground, module)).collect();
        Self(Module::OF_CODES.map(|module| (module, workers(module))).into())
    }

    /// Lets everybody log in as fast as may be, eight at a time.
    pub fn throughput(&mut self, ground: &mut Ground) -> Vec<(Module, Throughput)> {
        let nothing = Throughput { logins: 0, took: Duration::ZERO, refused: 0 };
        let mut found = Module::OF_CODES.map(|module| (module, nothing));
        ground.make_anew();
        for round in 0..ROUNDS {
            if round > 0 {
                ground.new_round();
            }
            for start in (0..PEOPLE).step_by(TURN) {
                codes::wait_for(6);
                let turn = start..start + TURN;
                let codes: Vec<_> = turn.clone().map(|index| ground.code_of(index)).collect();
                for ((_, workers), (_, found)) in self.0.iter_mut().zip(&mut found) {
                    let begin = SystemTime::now() + 5 * HEAD_START;
                    for (person, (index, code)) in
                        ground.people()[turn.clone()].iter().zip(codes.iter().enumerate())
                    {
                        workers[index % WORKERS].ask(person.user.name.as_str(), code, begin);
                    }
                    let refused =
                        (0..TURN).filter(|index| !workers[index % WORKERS].answer()).count();
                    found.took += begin.elapsed().expect("the clock goes on");
                    found.logins += TURN;
                    found.refused += refused;
                }
            }
        }
        found.into()
    }

    /// Lets all processes try the same code of the same user at once, user after user.
    pub fn races(&mut self, ground: &mut Ground) -> Vec<(Module, usize)> {
        let mut found = Module::OF_CODES.map(|module| (module, 0));
        ground.make_anew();
        for index in 0..RACED {
            codes::wait_for(3);
            let code = ground.code_of(index);
            let name = ground.people()[index].user.name.as_str();
            for ((_, workers), (_, found)) in self.0.iter_mut().zip(&mut found) {
                let begin = SystemTime::now() + HEAD_START;
                for worker in &mut *workers {
                    worker.ask(name, &code, begin);
                }
                let accepted =
                    workers.iter_mut().filter_map(|worker| worker.answer().then_some(())).count();
                *found += usize::from(accepted > 1);
            }
        }
        found.into()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for (_, workers) in self.0.drain(..) {
            for worker in workers {
                worker.end();
            }
        }
    }
}
