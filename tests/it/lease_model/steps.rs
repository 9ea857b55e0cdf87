//! What may happen next in a state: one step of a node, of the destination, or of time.
//!
//! Each operation of the store is one step, so a process may pause between any two: it simply takes no step for as long as it likes.

use super::search::Model;
use super::state::{
    ACCOUNTS, Beat, CALL, FLIGHTS, Flight, LEASE, Life, MARGIN, NOBODY, Node, ORPHAN, Phase, Row, Stage, State, TASKS, Task,
};
use super::words::{ANY, Step, WORLD, What};
use super::{Bug, Case};

type Next = Vec<(Step, State)>;

impl Model for Case {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        let mut state = State { faults: self.faults, ..State::default() };
        // What the case has none of is done.
        for effect in &mut state.effects[self.effects..] {
            effect.stage = Stage::Done;
        }
        state
    }

    fn steps(&self, state: &State, next: &mut Next) {
        if self.over(state) && self.rests(state) {
            return;
        }
        for node in 0..self.nodes {
            self.of_node(state, node, next);
            for effect in 0..self.effects {
                self.of_claims(state, node, effect, next);
                for task in 0..TASKS {
                    self.of_task(state, node, effect, task, next);
                }
            }
        }
        self.of_destination(state, next);
        self.of_time(state, next);
        next.retain_mut(|(step, after)| {
            let cost = u8::from(self.faults < ANY && step.what.is_a_fault());
            let may = state.faults >= cost;
            if may {
                after.faults -= cost;
                self.tidy(after);
            }
            may
        });
    }

    fn broken(&self, state: &State) -> Option<&'static str> {
        if state.effects.iter().any(|effect| effect.applied > 1) {
            return Some("S1: an effect is done twice");
        }
        for account in 0..self.accounts {
            if (0..self.nodes).filter(|node| self.works(state, *node, account)).count() > 1 {
                return Some("S2: two nodes work on one account, and both may send");
            }
            let owner = state.leases[account].owner;
            let other = |node: &usize| owner != NOBODY && owner != name(*node);
            if (0..self.nodes).filter(other).any(|node| self.under_way(state, node, account) && !lost(state.rows[node])) {
                return Some("S4: an account that was given back is another's while something of it is under way");
            }
        }
        None
    }

    fn over(&self, state: &State) -> bool {
        state.effects.iter().all(|effect| effect.stage == Stage::Done)
    }

    fn helpers(&self) -> usize {
        self.nodes
    }

    /// Time passes and requests arrive; this node does what it does, and the others nothing at all.
    fn helps(&self, helper: usize, step: Step, before: &State, after: &State) -> bool {
        // It does not let its own lease end, either.
        let loses = before.rows[helper].left > 0 && after.rows[helper].left == 0;
        !step.what.is_a_fault() && !loses && (step.who == helper || step.who == WORLD)
    }
}

/// A node as rows name it.
fn name(node: usize) -> u8 {
    u8::try_from(node).unwrap() + 1
}

/// Whether a taker may have this node.
fn lost(row: Row) -> bool {
    row.life == Life::Taken || row.life == Life::Live && row.left == 0
}

impl Case {
    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn of(&self, account: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.effects).filter(move |effect| self.account(*effect) == account)
    }

    fn account(&self, effect: usize) -> usize {
        effect % self.accounts
    }

    /// Nothing can be sent or arrive any more: what follows is of no interest.
    fn rests(&self, state: &State) -> bool {
        let flies = state.effects.iter().flat_map(|effect| effect.flights).any(Flight::flies);
        !flies && !(0..self.accounts).any(|account| (0..self.nodes).any(|node| self.under_way(state, node, account)))
    }

    fn under_way(&self, state: &State, node: usize, account: usize) -> bool {
        self.of(account).any(|effect| state.nodes[node].tasks[effect].iter().any(|task| task.runs()))
    }

    fn works(&self, state: &State, node: usize, account: usize) -> bool {
        let at = &state.nodes[node];
        let has = (at.mine | at.giving) & 1 << account != 0;
        at.phase != Phase::Down && at.deadline >= CALL && (has || self.under_way(state, node, account))
    }

    /// Joining, beats, giving back and leaving.
    fn of_node(&self, state: &State, node: usize, next: &mut Next) {
        let at = state.nodes[node];
        let mut add = |what, which, change: &dyn Fn(&mut State)| {
            let mut state = *state;
            change(&mut state);
            next.push((Step { who: node, what, which }, state));
        };
        let idle = (0..self.accounts).all(|account| !self.under_way(state, node, account));
        match at.phase {
            Phase::Down => return add(What::Starts, 0, &|state| self.join(state, node)),
            Phase::Lost if idle || self.has(Bug::RejoinsAtOnce) => add(What::Rejoins, 0, &|state| self.join(state, node)),
            Phase::Up if idle && at.mine == 0 => add(What::Leaves, 0, &|state| {
                if state.rows[node].life == Life::Live {
                    (0..self.accounts).for_each(|account| self.give_back(state, node, account));
                    state.rows[node] = Row::default();
                }
                state.nodes[node] = Node::default();
            }),
            _ => {}
        }
        add(What::Dies, 0, &|state| {
            state.nodes[node] = Node::default();
            for flight in state.effects.iter_mut().flat_map(|effect| &mut effect.flights) {
                leave_alone(flight, node);
            }
        });
        match at.beat {
            Beat::None if at.phase == Phase::Up => {
                for takes in 0..(1_u8 << self.accounts) {
                    if self.of_use(state, node, takes) {
                        add(What::Beats, 0, &|state| self.beat(state, node, takes));
                    }
                }
            }
            Beat::None => {}
            Beat::Renewed { .. } | Beat::Lost => {
                add(What::Hears, 0, &|state| self.hear(&mut state.nodes[node]));
                add(What::HearsNothing, 0, &|state| state.nodes[node].beat = Beat::None);
            }
        }
        for account in 0..self.accounts {
            let bit = 1_u8 << account;
            if at.phase == Phase::Up && at.mine & bit != 0 {
                for (what, asks) in [(What::GivesUp, 0), (What::GivesUpAsking, bit)] {
                    add(what, account, &|state| {
                        let node = &mut state.nodes[node];
                        (node.mine, node.giving, node.asking) = (node.mine & !bit, node.giving | bit, node.asking | asks);
                    });
                }
            }
            let ended = !self.under_way(state, node, account) || self.has(Bug::YieldsEarly);
            if at.phase == Phase::Up && at.giving & bit != 0 && ended {
                add(What::Yields, account, &|state| {
                    if state.rows[node].life == Life::Live {
                        self.give_back(state, node, account);
                    }
                    let node = &mut state.nodes[node];
                    node.giving &= !bit;
                    // What a beat said before that is no longer so.
                    if let Beat::Renewed { mine, .. } = &mut node.beat {
                        *mine &= !bit;
                    }
                });
            }
        }
    }

    /// Joins with a new epoch. Whatever it was before is gone, and nobody has to wait for its lease to end.
    fn join(&self, state: &mut State, node: usize) {
        if state.rows[node].life == Life::Live {
            self.take(state, node);
        }
        state.rows[node] = Row { life: Life::Live, left: LEASE };
        let tasks = state.nodes[node].tasks;
        state.nodes[node] = Node { phase: Phase::Up, deadline: LEASE, tasks, ..Node::default() };
    }

    /// Takes a dead node: its claims are released, what it had begun is orphaned, and its leases are free.
    fn take(&self, state: &mut State, dead: usize) {
        state.rows[dead].life = Life::Taken;
        for effect in 0..self.effects {
            if state.effects[effect].held == name(dead) && !self.has(Bug::ClaimsKept) {
                state.effects[effect].held = NOBODY;
            }
        }
        for account in 0..self.accounts {
            if state.leases[account].owner == name(dead) {
                self.orphan(state, account, true);
                state.leases[account].owner = NOBODY;
            }
        }
    }

    /// What is begun of an account has nobody any more who knows how it ends.
    fn orphan(&self, state: &mut State, account: usize, always: bool) {
        let mut any = always;
        for effect in self.of(account) {
            let effect = &mut state.effects[effect];
            if effect.stage == Stage::Begun {
                effect.held = ORPHAN;
                any = true;
            }
        }
        if any {
            state.leases[account].settle = match self.bug {
                Some(Bug::SettlesAtOnce) => 0,
                Some(Bug::SettlesEarly) => CALL - 1,
                _ => CALL + MARGIN,
            };
        }
    }

    fn give_back(&self, state: &mut State, node: usize, account: usize) {
        if state.leases[account].owner != name(node) {
            return;
        }
        state.leases[account].owner = NOBODY;
        if self.has(Bug::LeavesBegun) {
            return;
        }
        for effect in self.of(account) {
            if state.effects[effect].held == name(node) {
                state.effects[effect].held = NOBODY;
            }
        }
        self.orphan(state, account, false);
    }

    /// Whether a beat that takes these accounts would change anything.
    fn of_use(&self, state: &State, node: usize, takes: u8) -> bool {
        let free = (0..self.accounts).filter(|account| state.leases[*account].owner == NOBODY);
        let free = free.fold(0_u8, |all, account| all | 1 << account);
        let dead = (0..self.nodes).filter(|other| *other != node && state.rows[*other].life == Life::Live);
        // Those of a node that this beat takes are free as well.
        let freed = dead.filter(|other| state.rows[*other].left == 0).flat_map(|other| {
            (0..self.accounts).filter(move |account| state.leases[*account].owner == name(other)).map(|account| 1_u8 << account)
        });
        let free = freed.fold(free, |all, bit| all | bit);
        if takes & !free != 0 {
            return false;
        }
        let due = (0..self.accounts).any(|account| {
            let lease = state.leases[account];
            lease.owner == name(node)
                && lease.settle == 0
                && self.of(account).any(|effect| state.effects[effect].stage == Stage::Begun)
        });
        takes != 0 || due || state.rows[node].left < LEASE || state.rows[node].life == Life::Taken
    }

    /// One commit: the node is renewed, dead ones are taken, free accounts too, and orphans whose time has come are unknown.
    fn beat(&self, state: &mut State, node: usize, takes: u8) {
        if lost(state.rows[node]) {
            state.nodes[node].beat = Beat::Lost;
            return;
        }
        state.rows[node].left = LEASE;
        state.nodes[node].slow = false;
        for other in (0..self.nodes).filter(|other| *other != node) {
            if state.rows[other].life == Life::Live && state.rows[other].left == 0 {
                self.take(state, other);
            }
        }
        let mut mine = 0;
        for account in 0..self.accounts {
            let lease = &mut state.leases[account];
            if takes & 1 << account != 0 && lease.owner == NOBODY {
                lease.owner = name(node);
            }
            if lease.owner != name(node) {
                continue;
            }
            mine |= 1 << account;
            if lease.settle > 0 {
                continue;
            }
            for effect in self.of(account) {
                let effect = &mut state.effects[effect];
                let orphan = effect.held == ORPHAN || self.has(Bug::SettlesItsOwn);
                if effect.stage == Stage::Begun && orphan {
                    (effect.stage, effect.held, effect.wait) = (Stage::Unknown, NOBODY, 0);
                }
            }
        }
        state.nodes[node].beat = Beat::Renewed { left: LEASE, mine };
    }

    fn hear(&self, node: &mut Node) {
        match std::mem::take(&mut node.beat) {
            Beat::None => {}
            Beat::Lost => {
                (node.mine, node.giving, node.asking) = (0, 0, 0);
                node.phase = Phase::Lost;
            }
            Beat::Renewed { left, mine } => {
                node.deadline = if self.has(Bug::DeadlineFromTheAnswer) { LEASE } else { left };
                node.mine = mine & !node.giving;
            }
        }
    }

    fn of_claims(&self, state: &State, node: usize, effect: usize, next: &mut Next) {
        let (at, row, account) = (&state.nodes[node], &state.effects[effect], self.account(effect));
        let bit = 1_u8 << account;
        let names = at.phase == Phase::Up && at.mine & bit != 0 || at.asking & bit != 0;
        let leased = state.leases[account].owner == name(node) || self.has(Bug::ClaimsUnleased);
        let due = matches!(row.stage, Stage::Ready | Stage::Unknown) && row.held == NOBODY && row.wait == 0;
        let Some(place) = at.tasks[effect].iter().position(|task| !task.runs()) else { return };
        if names && leased && due && state.rows[node].life == Life::Live {
            let mut state = *state;
            state.effects[effect].held = name(node);
            let at = &mut state.nodes[node];
            at.tasks[effect][place] = if row.stage == Stage::Ready { Task::Claimed } else { Task::ToLook };
            at.asking &= !bit;
            next.push((Step { who: node, what: What::Claims, which: effect }, state));
        }
    }

    fn of_task(&self, state: &State, node: usize, effect: usize, task: usize, next: &mut Next) {
        let (at, fenced) = (state.nodes[node], state.rows[node].life != Life::Live);
        let mut add = |what, then: Task, change: &dyn Fn(&mut State)| {
            let mut state = *state;
            state.nodes[node].tasks[effect][task] = then;
            change(&mut state);
            next.push((Step { who: node, what, which: effect }, state));
        };
        let held = state.effects[effect].held == name(node);
        match at.tasks[effect][task] {
            Task::None => {}
            Task::ToLook if state.effects[effect].applied > 0 => add(What::Looks, Task::None, &|state| {
                state.effects[effect].stage = Stage::Done;
            }),
            Task::ToLook => {
                add(What::Looks, Task::Claimed, &|_| {});
                // That it is not shown is a decision, no outcome: only whoever holds the effect may store it.
                add(What::LooksAgainLater, Task::None, &|state| {
                    if held && !fenced || self.has(Bug::DecidesFromAfar) {
                        let effect = &mut state.effects[effect];
                        if effect.stage != Stage::Done {
                            (effect.stage, effect.held, effect.wait) = (Stage::Unknown, NOBODY, CALL + MARGIN);
                        }
                    }
                });
            }
            Task::Claimed => {
                let open = matches!(state.effects[effect].stage, Stage::Ready | Stage::Unknown);
                let fine = open
                    && match self.bug {
                        Some(Bug::BeginsUnfenced) => true,
                        Some(Bug::BeginsThoughTaken) => held,
                        Some(Bug::BeginsUnheld) => !fenced,
                        _ => held && !fenced,
                    };
                if fine {
                    let begun = |state: &mut State| {
                        for task in state.nodes.iter_mut().flat_map(|node| &mut node.tasks[effect]) {
                            *task = task.outdated();
                        }
                        state.nodes[node].tasks[effect][task] = Task::Begun { latest: true };
                        (state.effects[effect].stage, state.effects[effect].held) = (Stage::Begun, NOBODY);
                    };
                    add(What::Begins, Task::None, &begun);
                } else {
                    add(What::IsRefused, Task::None, &|_| {});
                }
            }
            Task::Begun { latest } => {
                if at.deadline < CALL {
                    add(What::IsTooLate, Task::Ended { done: false, latest }, &|_| {});
                } else if self.freezes {
                    add(What::Checks, Task::Checked { latest }, &|_| {});
                } else if free(state, effect) {
                    add(What::Sends, Task::Sent { latest }, &|state| send(state, node, effect));
                }
                // The answer to begun got lost.
                add(What::GivesBack, Task::None, &|state| {
                    let effect = &mut state.effects[effect];
                    if latest && !fenced && effect.stage == Stage::Begun && effect.held == NOBODY {
                        (effect.stage, effect.wait) = (Stage::Unknown, 0);
                    }
                });
            }
            Task::Checked { latest } => {
                if free(state, effect) {
                    add(What::Sends, Task::Sent { latest }, &|state| send(state, node, effect));
                }
            }
            Task::Sent { latest } => add(What::StopsWaiting, Task::None, &|state| {
                let flights = &mut state.effects[effect].flights;
                if let Some(flight) = flights.iter_mut().find(|flight| waits(**flight, node)) {
                    leave_alone(flight, node);
                }
                self.put_back(state, effect, latest, Stage::Unknown);
            }),
            Task::Ended { done, latest } => {
                for (what, then) in [(What::Records, Task::None), (What::RecordsUnheard, Task::Ended { done, latest })] {
                    add(what, then, &|state| {
                        if !done {
                            self.put_back(state, effect, latest, Stage::Ready);
                        } else if latest {
                            state.effects[effect].stage = Stage::Done;
                        }
                    });
                }
            }
        }
        let known = matches!(at.tasks[effect][task], Task::Begun { .. } | Task::Sent { .. } | Task::Ended { .. });
        if known && at.phase == Phase::Up {
            // It is to stop, and the store takes no outcome just then.
            let bit = 1_u8 << self.account(effect);
            add(What::Forgets, Task::None, &|state| {
                state.effects[effect].flights.iter_mut().for_each(|flight| leave_alone(flight, node));
                let node = &mut state.nodes[node];
                (node.giving, node.mine) = (node.giving | bit, node.mine & !bit);
            });
        }
    }

    /// The end of an attempt: it is stored whoever owns the account by now, and moves the effect only while that attempt is under way.
    fn put_back(&self, state: &mut State, effect: usize, latest: bool, stage: Stage) {
        let effect = &mut state.effects[effect];
        let moves = if self.has(Bug::EndsMoveAll) { effect.stage != Stage::Done } else { effect.stage == Stage::Begun };
        if latest && moves {
            let wait = if stage == Stage::Unknown && !self.has(Bug::ClocksApart) { CALL + MARGIN } else { 0 };
            (effect.stage, effect.held, effect.wait) = (stage, NOBODY, wait);
        }
    }

    fn of_destination(&self, state: &State, next: &mut Next) {
        for effect in 0..self.effects {
            for (place, flight) in state.effects[effect].flights.into_iter().enumerate() {
                let Flight::Some { from, .. } = flight else { continue };
                let mut add = |what, applied, then: Option<Task>| {
                    let mut state = *state;
                    let row = &mut state.effects[effect];
                    row.applied += applied;
                    row.flights[place] = Flight::None;
                    let waiting = state.nodes.get_mut(usize::from(from).wrapping_sub(1)).into_iter();
                    let waiting =
                        waiting.flat_map(|node| &mut node.tasks[effect]).find(|task| matches!(task, Task::Sent { .. }));
                    match (waiting, then) {
                        (Some(task), Some(Task::Ended { done, .. })) => {
                            let latest = *task == Task::Sent { latest: true };
                            *task = Task::Ended { done, latest };
                        }
                        (None, Some(_)) => return,
                        _ => {}
                    }
                    next.push((Step { who: WORLD, what, which: effect }, state));
                };
                let ended = |done| Some(Task::Ended { done, latest: true });
                if from == NOBODY {
                    add(What::Arrives, 1, None);
                } else {
                    add(What::Answers, 1, ended(true));
                    add(What::AnswersUnheard, 1, None);
                    add(What::Refuses, 0, ended(false));
                }
                add(What::Loses, 0, None);
            }
        }
    }

    fn of_time(&self, state: &State, next: &mut Next) {
        let due = |flight: &Flight| matches!(flight, Flight::Some { left: 0, .. });
        if state.effects.iter().flat_map(|effect| &effect.flights).any(due) {
            return;
        }
        let mut passed = *state;
        for row in &mut passed.rows {
            row.left = row.left.saturating_sub(1);
        }
        for lease in &mut passed.leases {
            lease.settle = lease.settle.saturating_sub(1);
        }
        for effect in &mut passed.effects {
            effect.wait = effect.wait.saturating_sub(1);
            for flight in &mut effect.flights {
                if let Flight::Some { left, .. } = flight {
                    *left -= 1;
                }
            }
        }
        for node in 0..self.nodes {
            pass(&mut passed.nodes[node]);
        }
        next.push((Step { who: WORLD, what: What::Passes, which: 0 }, passed));
        for node in 0..self.nodes {
            let counts = |beat| matches!(beat, Beat::Renewed { .. });
            if !state.nodes[node].slow && (state.nodes[node].deadline > 0 || counts(state.nodes[node].beat)) {
                let mut lagged = passed;
                lagged.nodes[node] = Node { slow: true, ..state.nodes[node] };
                next.push((Step { who: WORLD, what: What::Lags, which: node }, lagged));
            }
        }
    }

    /// What makes no difference is made the same.
    fn tidy(&self, state: &mut State) {
        for (node, row) in state.nodes.iter_mut().zip(&mut state.rows) {
            if node.phase == Phase::Down && row.life == Life::Taken || row.life == Life::None {
                *row = Row::default();
            }
            if row.life == Life::Taken {
                row.left = 0;
            }
            node.asking &= !node.mine;
            if node.deadline < CALL {
                node.deadline = 0;
            }
            let mut counts = node.deadline;
            if let Beat::Renewed { left, .. } = &mut node.beat {
                if *left < CALL {
                    *left = 0;
                }
                counts = counts.max(*left);
            }
            if counts == 0 {
                node.slow = false;
            }
            for tasks in &mut node.tasks {
                tasks.sort_unstable();
            }
        }
        for effect in &mut state.effects {
            if effect.stage == Stage::Done {
                (effect.held, effect.wait) = (NOBODY, 0);
            }
            if effect.stage == Stage::Begun {
                effect.wait = 0;
            }
            effect.flights.sort_unstable();
        }
        for account in 0..ACCOUNTS {
            let orphaned = self.of(account % self.accounts).any(|effect| state.effects[effect].held == ORPHAN);
            if account >= self.accounts || !orphaned {
                state.leases[account].settle = 0;
            }
        }
    }
}

fn pass(node: &mut Node) {
    node.deadline = node.deadline.saturating_sub(1);
    if let Beat::Renewed { left, .. } = &mut node.beat {
        *left = left.saturating_sub(1);
    }
}

fn free(state: &State, effect: usize) -> bool {
    state.effects[effect].flights.iter().any(|flight| !flight.flies())
}

fn send(state: &mut State, node: usize, effect: usize) {
    let flights: &mut [Flight; FLIGHTS] = &mut state.effects[effect].flights;
    if let Some(place) = flights.iter_mut().find(|flight| !flight.flies()) {
        *place = Flight::Some { left: CALL, from: name(node) };
    }
}

fn waits(flight: Flight, node: usize) -> bool {
    matches!(flight, Flight::Some { from, .. } if from == name(node))
}

/// Nobody waits for its answer any more.
fn leave_alone(flight: &mut Flight, node: usize) {
    if let Flight::Some { from, .. } = flight
        && *from == name(node)
    {
        *from = NOBODY;
    }
}
