//! What a seed decides: every choice, the clock, the faults. Also keeps what happened, as a story and as counts.
//!
//! One thing runs at a time: whatever touches the store or the platform stops at a gate before it does, and the
//! run lets one of those who wait go on. So every order of the product's workers can come up, and a seed always
//! gives the same one.

use baiying::app::load::words::Dice;
use baiying::domain::id::Millis;
use baiying::port::clock::{Chance, Clock};
use baiying::port::store::{StoreError, StoreResult};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

/// How often each fault strikes, in a thousand. A seed turns about half of them off.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    /// The database takes its time.
    pub slow: u32,
    /// The store refuses.
    pub refuse: u32,
    /// The store does it and its answer is lost.
    pub lose: u32,
    /// The process dies at a call of the store or the platform.
    pub die: u32,
    /// One event of a wave is refused, up to as often as it takes to park it.
    pub curse: u32,
    /// 429.
    pub throttle: u32,
    /// A send that nobody knows the outcome of, not done.
    pub unknown_undone: u32,
    /// A send that nobody knows the outcome of, done.
    pub unknown_done: u32,
    /// An update comes twice.
    pub twice: u32,
    /// Updates come in another order, or late.
    pub disorder: u32,
    /// A batch of updates is lost on its way.
    pub lost_batch: u32,
    /// A press arrives as several callbacks.
    pub double_press: u32,
    /// The clock jumps.
    pub jump: u32,
    /// Something is changed behind the product's back: blocked, kicked, moved, deleted.
    pub upset: u32,
}

impl Rates {
    fn of(dice: &mut Dice) -> Self {
        let mut some = |most: i64| if dice.permille(550) { dice.between(most / 5, most) as u32 } else { 0 };
        Self {
            slow: some(80),
            refuse: some(40),
            lose: some(30),
            die: some(16),
            curse: some(40),
            throttle: some(120),
            unknown_undone: some(100),
            unknown_done: some(120),
            twice: some(200),
            disorder: some(300),
            lost_batch: some(200),
            double_press: some(400),
            jump: some(25),
            upset: some(60),
        }
    }
}

/// What strikes at a call of the store.
#[derive(Debug)]
pub enum Strike {
    /// Nothing.
    None,
    /// It is not done, and says so.
    Refuse(StoreError),
    /// The process dies before it is done.
    DieBefore,
    /// It is done and nobody hears of it.
    LoseAnswer,
    /// It is done and the process dies.
    DieAfter,
}

/// Everything that changes while a seed runs.
pub struct Inner {
    /// The choices.
    pub dice: Dice,
    /// What the product's clock shows.
    pub now: Millis,
    /// How far that clock is behind the time that really went by, by its steps back.
    pub behind_ms: i64,
    /// The faults.
    pub rates: Rates,
    /// No faults any more.
    pub calm: bool,
    /// Whether calls may take time now: not while messages are on their way under limits that are counted.
    pub may_be_slow: bool,
    permit: bool,
    parked: bool,
    /// The process has died.
    pub dead: bool,
    codes: i64,
    /// How often what happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// What happened.
    pub story: Vec<String>,
    /// What must not have happened.
    pub wrongs: Vec<String>,
    tell: bool,
}

/// See the module.
pub struct Storm(Mutex<Inner>);

/// What a future did when it was let go on.
pub enum Went<T> {
    /// It waits at its next gate.
    On,
    /// It is done.
    Done(T),
    /// The process died in it.
    Died,
}

/// A worker's step that waits to be let on.
pub type Job<T> = Pin<Box<dyn Future<Output = T>>>;

impl Storm {
    /// What a seed decides. With `tell`, the story is printed as it happens.
    pub fn new(seed: u64, start: Millis, tell: bool) -> Self {
        let mut dice = Dice(seed);
        let rates = Rates::of(&mut dice);
        Self(Mutex::new(Inner {
            dice,
            now: start,
            behind_ms: 0,
            rates,
            calm: false,
            may_be_slow: true,
            permit: false,
            parked: false,
            dead: false,
            codes: 0,
            counts: BTreeMap::new(),
            story: Vec::new(),
            wrongs: Vec::new(),
            tell,
        }))
    }

    /// The state, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds a line to the story.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        let line = line();
        let mut inner = self.lock();
        let line = format!("{:>9.3} {line}", (inner.now.0 - super::START.0) as f64 / 1000.0);
        if inner.tell {
            println!("{line}");
        }
        inner.story.push(line);
    }

    /// Counts a fault or an action.
    pub fn count(&self, what: &'static str) {
        *self.lock().counts.entry(what).or_default() += 1;
    }

    /// Notes that something is not as it must be.
    pub fn wrong(&self, what: String) {
        self.tell(|| format!("WRONG: {what}"));
        self.lock().wrongs.push(what);
    }

    /// The time that really went by.
    pub fn true_time(&self) -> Millis {
        let inner = self.lock();
        inner.now.plus_ms(inner.behind_ms)
    }

    /// Time goes by.
    pub fn pass(&self, ms: i64) {
        let mut inner = self.lock();
        inner.now = inner.now.plus_ms(ms);
    }

    /// Waits to be let on.
    pub async fn gate(&self) {
        poll_fn(|_| {
            let mut inner = self.lock();
            if inner.permit {
                inner.permit = false;
                Poll::Ready(())
            } else {
                inner.parked = true;
                Poll::Pending
            }
        })
        .await;
    }

    /// The process dies here: this never goes on.
    pub async fn die(&self, at: &str) {
        self.count("fault: crash");
        self.tell(|| format!("the process dies at {at}"));
        self.lock().dead = true;
        std::future::pending::<()>().await;
    }

    /// Lets a job on to its next gate.
    pub async fn step<T>(&self, job: &mut Job<T>) -> Went<T> {
        {
            let mut inner = self.lock();
            inner.permit = true;
            inner.parked = false;
        }
        poll_fn(|cx| match job.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Went::Done(value)),
            Poll::Pending => {
                let inner = self.lock();
                if inner.dead {
                    Poll::Ready(Went::Died)
                } else if inner.parked {
                    Poll::Ready(Went::On)
                } else {
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Before a call of the store: waits, takes time, and may strike.
    pub async fn enter(&self, call: &'static str) -> StoreResult<Strike> {
        self.gate().await;
        let strike = self.draw(call);
        match &strike {
            Strike::Refuse(error) => {
                self.tell(|| format!("the store refuses {call}: {error}"));
                Err(if matches!(error, StoreError::Full) {
                    StoreError::Full
                } else {
                    StoreError::Other("injected".into())
                })
            }
            Strike::DieBefore => {
                self.die(&format!("before {call}")).await;
                unreachable!("the dead do not go on")
            }
            _ => Ok(strike),
        }
    }

    fn draw(&self, call: &str) -> Strike {
        let mut inner = self.lock();
        if inner.calm {
            return Strike::None;
        }
        let rates = inner.rates.clone();
        // What is being claimed was counted for the limits at this instant.
        if inner.may_be_slow && call != "claim" && inner.dice.permille(rates.slow) {
            let ms = [50, 700, 4_000, 25_000][inner.dice.below(4)];
            inner.now = inner.now.plus_ms(ms);
            *inner.counts.entry("fault: slow database").or_default() += 1;
        }
        if inner.dice.permille(rates.refuse) {
            let full = inner.dice.permille(300);
            *inner.counts.entry(if full { "fault: full disk" } else { "fault: store refuses" }).or_default() += 1;
            return Strike::Refuse(if full { StoreError::Full } else { StoreError::Other("injected".into()) });
        }
        if inner.dice.permille(rates.die) {
            return if inner.dice.permille(500) { Strike::DieAfter } else { Strike::DieBefore };
        }
        if inner.dice.permille(rates.lose) { Strike::LoseAnswer } else { Strike::None }
    }

    /// After a call of the store.
    pub async fn leave<T>(&self, call: &'static str, strike: Strike, result: StoreResult<T>) -> StoreResult<T> {
        if let Err(error) = &result {
            self.wrong(format!("the store itself failed in {call}: {error}"));
        }
        match strike {
            Strike::None | Strike::Refuse(_) | Strike::DieBefore => result,
            Strike::DieAfter => {
                self.die(&format!("after {call}")).await;
                result
            }
            Strike::LoseAnswer => {
                self.count("fault: answer of the store lost");
                self.tell(|| format!("the answer to {call} is lost"));
                Err(StoreError::Other("injected: the answer is lost".into()))
            }
        }
    }
}

impl Clock for Storm {
    fn now(&self) -> Millis {
        self.lock().now
    }
}

impl Chance for Storm {
    fn code(&self, length: usize) -> String {
        let mut inner = self.lock();
        inner.codes += 1;
        format!("C{:0width$}", inner.codes, width = length - 1)
    }
}
