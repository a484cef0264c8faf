//! Interrupts operations of a store: once at a chosen run, always, or at random.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::{Moment, Store};

/// Faults of one store. Clones share their state.
#[derive(Clone, Default)]
pub struct FaultInjector(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    mode: Mode,
    injected: u32,
}

#[derive(Default)]
enum Mode {
    #[default]
    Off,
    /// Of each of these operations the nth run from now (1 is the next).
    Once { left: BTreeMap<String, u32>, moment: Moment },
    /// Every run of one operation.
    Always { operation: String, moment: Moment },
    /// The next run of one operation, whose worker panics.
    Panic { operation: String },
    /// About one moment in `one_in`, of any operation.
    Random { rng: Box<StdRng>, one_in: u32 },
}

impl FaultInjector {
    /// The store with these faults.
    pub fn put_into(&self, store: Store) -> Store {
        let faults = self.clone();
        store.with_cut(move |operation, moment| faults.is_cut(operation, moment))
    }

    /// Cuts the `nth` run from now of an operation.
    pub fn arm(&self, operation: &str, moment: Moment, nth: u32) {
        self.set(Mode::Once { left: BTreeMap::from([(operation.to_owned(), nth)]), moment });
    }

    /// Cuts the next run of each of these operations.
    pub fn arm_each(&self, operations: &[&str], moment: Moment) {
        let left = operations.iter().map(|operation| ((*operation).to_owned(), 1)).collect();
        self.set(Mode::Once { left, moment });
    }

    /// Cuts every run of an operation.
    pub fn arm_always(&self, operation: &str, moment: Moment) {
        self.set(Mode::Always { operation: operation.to_owned(), moment });
    }

    /// Panics in the next run of an operation, before its commit.
    pub fn arm_panic(&self, operation: &str) {
        self.set(Mode::Panic { operation: operation.to_owned() });
    }

    /// Cuts about one moment of `one_in`, the same ones for the same seed and order of work.
    pub fn arm_randomly(&self, seed: u64, one_in: u32) {
        self.set(Mode::Random { rng: Box::new(StdRng::seed_from_u64(seed)), one_in });
    }

    /// Cuts nothing more; returns the operations that were to be cut and did not run often enough.
    pub fn disarm(&self) -> Vec<String> {
        match std::mem::take(&mut self.0.lock().unwrap().mode) {
            Mode::Once { left, .. } => {
                left.into_iter().filter(|(_, left)| *left > 0).map(|(operation, _)| operation).collect()
            }
            Mode::Off | Mode::Always { .. } | Mode::Panic { .. } | Mode::Random { .. } => Vec::new(),
        }
    }

    /// How often it cut since it was armed last.
    pub fn injected(&self) -> u32 {
        self.0.lock().unwrap().injected
    }

    fn set(&self, mode: Mode) {
        let mut state = self.0.lock().unwrap();
        state.mode = mode;
        state.injected = 0;
    }

    fn is_cut(&self, operation: &'static str, at: Moment) -> bool {
        let mut state = self.0.lock().unwrap();
        if matches!(&state.mode, Mode::Panic { operation: wanted } if operation == wanted) {
            state.mode = Mode::Off;
            state.injected += 1;
            // The lock must not be poisoned by it.
            drop(state);
            panic!("injected panic in {operation}");
        }
        let is_cut = match &mut state.mode {
            Mode::Off | Mode::Panic { .. } => false,
            Mode::Always { operation: wanted, moment } => operation == wanted && at == *moment,
            Mode::Random { rng, one_in } => rng.random_ratio(1, *one_in),
            Mode::Once { left, moment } => match left.get_mut(operation) {
                Some(left) if at == *moment && *left > 0 => {
                    *left -= 1;
                    *left == 0
                }
                Some(_) | None => false,
            },
        };
        state.injected += u32::from(is_cut);
        is_cut
    }
}
