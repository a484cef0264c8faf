//! What cuts operations off: once at a chosen run, or now and then by lot.

use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::{Moment, Store};

/// A saboteur of the store that a test arms and looks after. Clones are the same one.
#[derive(Clone, Default)]
pub struct Fuse(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    mode: Mode,
    blown: u32,
}

#[derive(Default)]
enum Mode {
    #[default]
    Off,
    /// The `left`-th run from now (1 is the next) of one operation.
    Once { operation: String, moment: Moment, left: u32 },
    /// Every run of one operation.
    Always { operation: String, moment: Moment },
    /// About one moment of so many, of any operation.
    ByLot { lots: StdRng, one_in: u32 },
}

impl Fuse {
    /// The store with this fuse in it.
    pub fn into_store(&self, store: Store) -> Store {
        let fuse = self.clone();
        store.with_cut(move |operation, moment| fuse.is_cut(operation, moment))
    }

    /// Cuts the `nth` run from now of an operation.
    pub fn arm(&self, operation: &str, moment: Moment, nth: u32) {
        self.set(Mode::Once { operation: operation.to_owned(), moment, left: nth });
    }

    /// Cuts every run of an operation.
    pub fn arm_for_good(&self, operation: &str, moment: Moment) {
        self.set(Mode::Always { operation: operation.to_owned(), moment });
    }

    /// Cuts about one moment of `one_in`, the same ones for the same seed and order of work.
    pub fn arm_by_lot(&self, seed: u64, one_in: u32) {
        self.set(Mode::ByLot { lots: StdRng::seed_from_u64(seed), one_in });
    }

    /// Cuts nothing more; tells how often it had cut since it was armed.
    pub fn disarm(&self) -> u32 {
        let mut state = self.0.lock().unwrap();
        state.mode = Mode::Off;
        state.blown
    }

    fn set(&self, mode: Mode) {
        let mut state = self.0.lock().unwrap();
        state.mode = mode;
        state.blown = 0;
    }

    fn is_cut(&self, operation: &'static str, at: Moment) -> bool {
        let mut state = self.0.lock().unwrap();
        let is_cut = match &mut state.mode {
            Mode::Off => false,
            Mode::Always { operation: wanted, moment } => operation == wanted && at == *moment,
            Mode::ByLot { lots, one_in } => lots.random_ratio(1, *one_in),
            Mode::Once { operation: wanted, moment, left } => {
                let is_it = operation == wanted && at == *moment && *left > 0;
                *left -= u32::from(is_it);
                is_it && *left == 0
            }
        };
        state.blown += u32::from(is_cut);
        is_cut
    }
}
