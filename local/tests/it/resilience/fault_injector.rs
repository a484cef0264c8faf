//! What cuts operations off: once at a chosen run, or now and then by lot.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::{Moment, Store};

/// A saboteur of the store that a test arms and looks after. Clones are the same one.
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
    /// Of each of these operations the run of that number from now (1 is the next).
    Once { left: BTreeMap<String, u32>, moment: Moment },
    /// Every run of one operation.
    Always { operation: String, moment: Moment },
    /// The next run of one operation, whose worker panics.
    Panic { operation: String },
    /// About one moment of so many, of any operation.
    ByLot { lots: Box<StdRng>, one_in: u32 },
}

impl FaultInjector {
    /// The store with this fuse in it.
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
    pub fn arm_for_good(&self, operation: &str, moment: Moment) {
        self.set(Mode::Always { operation: operation.to_owned(), moment });
    }

    /// Panics in the next run of an operation, before its commit.
    pub fn arm_panic(&self, operation: &str) {
        self.set(Mode::Panic { operation: operation.to_owned() });
    }

    /// Cuts about one moment of `one_in`, the same ones for the same seed and order of work.
    pub fn arm_by_lot(&self, seed: u64, one_in: u32) {
        self.set(Mode::ByLot { lots: Box::new(StdRng::seed_from_u64(seed)), one_in });
    }

    /// Cuts nothing more; tells the operations that it was to cut and that did not run so often.
    pub fn disarm(&self) -> Vec<String> {
        match std::mem::take(&mut self.0.lock().unwrap().mode) {
            Mode::Once { left, .. } => {
                left.into_iter().filter(|(_, left)| *left > 0).map(|(operation, _)| operation).collect()
            }
            Mode::Off | Mode::Always { .. } | Mode::Panic { .. } | Mode::ByLot { .. } => Vec::new(),
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
            panic!("{operation} was told to panic");
        }
        let is_cut = match &mut state.mode {
            Mode::Off | Mode::Panic { .. } => false,
            Mode::Always { operation: wanted, moment } => operation == wanted && at == *moment,
            Mode::ByLot { lots, one_in } => lots.random_ratio(1, *one_in),
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
