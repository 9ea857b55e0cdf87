//! Every state that can be reached, nearest first, and whether the end can be reached from each of them.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// What is checked.
pub(super) trait Model {
    type State: Copy + Eq + Hash;
    type Step: Copy + Display;

    fn start(&self) -> Self::State;

    /// All that may happen next.
    fn steps(&self, state: &Self::State, next: &mut Vec<(Self::Step, Self::State)>);

    /// What is wrong in this state by itself.
    fn broken(&self, state: &Self::State) -> Option<&'static str>;

    /// Whether what everything is about is done.
    fn over(&self, state: &Self::State) -> bool;

    /// How many there are each of whom must be able to bring everything to its end alone.
    fn helpers(&self) -> usize;

    /// Whether this step may happen while this helper alone does something and nothing more goes wrong.
    fn helps(&self, helper: usize, step: Self::Step, before: &Self::State, after: &Self::State) -> bool;
}

/// What was found.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) states: usize,
    pub(super) steps: usize,
    pub(super) fault: Option<Fault>,
}

/// What is wrong, and the shortest way there.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) trace: Vec<String>,
}

/// The states of one search, each with the step that led to it first.
struct Found<S, T> {
    states: Vec<S>,
    from: Vec<Option<(usize, T)>>,
}

impl<S, T: Copy + Display> Found<S, T> {
    fn trace(&self, mut at: usize) -> Vec<String> {
        let mut trace = Vec::new();
        while let Some((before, step)) = self.from[at] {
            trace.push(step.to_string());
            at = before;
        }
        trace.reverse();
        trace
    }
}

/// Looks at every state once; stops at the first that is wrong.
pub(super) fn search<M: Model>(model: &M) -> Seen {
    let mut found = Found { states: vec![model.start()], from: vec![None] };
    let mut known: HashMap<M::State, usize, BuildHasherDefault<Quick>> = HashMap::default();
    known.insert(model.start(), 0);
    // From where to where, and whom it helps, a bit each.
    let mut ways: Vec<(u32, u32, u8)> = Vec::new();
    let (mut next, mut at) = (Vec::new(), 0);
    while at < found.states.len() {
        let before = found.states[at];
        let fault = model.broken(&before).map(|what| Fault { what: what.to_owned(), trace: found.trace(at) });
        if fault.is_some() {
            return Seen { states: found.states.len(), steps: ways.len(), fault };
        }
        model.steps(&before, &mut next);
        for (step, state) in next.drain(..) {
            let to = *known.entry(state).or_insert_with(|| {
                found.states.push(state);
                found.from.push(Some((at, step)));
                found.states.len() - 1
            });
            let helps = (0..model.helpers()).filter(|helper| model.helps(*helper, step, &before, &state));
            let helps = helps.fold(0, |all, helper| all | 1 << helper);
            ways.push((u32::try_from(at).unwrap(), u32::try_from(to).unwrap(), helps));
        }
        at += 1;
    }
    let fault = (0..model.helpers()).find_map(|helper| {
        let at = dead_end(model, &found.states, &ways, helper)?;
        let what = format!("S3: from here, node {helper} alone can never bring everything to its end");
        Some(Fault { what, trace: found.trace(at) })
    });
    Seen { states: found.states.len(), steps: ways.len(), fault }
}

/// The nearest state from which this helper cannot reach the end, walking the ways backwards from wherever everything is over.
fn dead_end<M: Model>(model: &M, states: &[M::State], ways: &[(u32, u32, u8)], helper: usize) -> Option<usize> {
    let helping = || ways.iter().filter(|(.., helps)| helps & 1 << helper != 0);
    // Where the ways into each state stand in one list.
    let mut first = vec![0_usize; states.len() + 1];
    for (_, to, _) in helping() {
        first[*to as usize + 1] += 1;
    }
    for at in 0..states.len() {
        first[at + 1] += first[at];
    }
    let mut place = first.clone();
    let mut into = vec![0_u32; *first.last()?];
    for (from, to, _) in helping() {
        into[place[*to as usize]] = *from;
        place[*to as usize] += 1;
    }
    let mut ends: Vec<bool> = states.iter().map(|state| model.over(state)).collect();
    let mut open: Vec<usize> = (0..states.len()).filter(|at| ends[*at]).collect();
    while let Some(at) = open.pop() {
        for from in &into[first[at]..first[at + 1]] {
            let from = *from as usize;
            if !ends[from] {
                ends[from] = true;
                open.push(from);
            }
        }
    }
    ends.iter().position(|ends| !ends)
}

/// A hash that costs little without optimisation; nobody chooses states in order to collide.
#[derive(Default)]
struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            self.add(chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.add(word.cast_unsigned() as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
