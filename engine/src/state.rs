//! Accounts in memory with an undo journal: what revm executes on, and what the port asks about.
//!
//! The journal says, before each change, how to take it back. Snapshots and drains are places in
//! it, and open a new *epoch*; within an epoch only the first change of an account or slot is
//! written down, so that the journal grows with what changed, not with how often. A transaction
//! that is refused or reverted leaves no trace here: revm has a journal of its own for that.
//!
//! Empty accounts (EIP-161) are not made, and since Spurious Dragon no transaction can drain one
//! to emptiness, so nothing is swept. (The reference engine holds the same.)

use std::collections::HashMap as StdMap;

use revm::primitives::{Address, AddressMap, B256, KECCAK_EMPTY, U256, keccak256};
use revm::state::{Bytecode, EvmState};

use crate::account::{Account, Stale};
use crate::trie::Trie;

/// How to take a change back.
enum Entry {
    Created(Address),
    Removed(Address, Box<Account>),
    Money(Address, u64, U256),
    Code(Address, Box<(B256, Bytecode)>),
    Slot(Address, U256, U256),
}

/// An account as it is now, against how it was: only what a block changed.
#[derive(Default)]
pub struct Change {
    /// As now.
    pub nonce: u64,
    /// As now, wei.
    pub balance: U256,
    /// As now.
    pub code_hash: B256,
    /// Slots whose value is another, ascending, with the value now.
    pub storage: Vec<(U256, U256)>,
    /// Whether the account is gone; the rest is empty then.
    pub deleted: bool,
}

/// What an account was before a stretch of the journal; None where that stretch left it alone.
#[derive(Default)]
struct Before {
    absent: bool,
    money: Option<(u64, U256)>,
    code_hash: Option<B256>,
    slots: StdMap<U256, U256>,
}

/// All accounts, their journal and their trie.
#[derive(Default)]
pub struct State {
    /// Every account there is.
    pub accounts: AddressMap<Account>,
    journal: Vec<Entry>,
    base: usize, // how many entries were trimmed from the front of the journal
    epoch: u64,
    trie: Trie,
    stale: Stale<Address>,
}

impl State {
    // -- the journal

    /// Where the journal stands, counted from the beginning of time; a new epoch begins.
    pub fn mark(&mut self) -> usize {
        self.epoch += 1;
        self.base + self.journal.len()
    }

    /// Where the journal stands, counted from the beginning of time.
    pub fn position(&self) -> usize {
        self.base + self.journal.len()
    }

    /// How many entries the journal holds.
    pub fn journal_len(&self) -> usize {
        self.journal.len()
    }

    /// Take the accounts back to *position*.
    pub fn undo(&mut self, position: usize) {
        while self.base + self.journal.len() > position {
            if let Some(entry) = self.journal.pop() {
                self.apply(entry);
            }
        }
        self.epoch += 1;
    }

    /// Take the accounts back to *position*; return what `replay` needs to redo it.
    pub fn rewind(&mut self, position: usize) -> Redo {
        let undone = self.journal.split_off(position - self.base);
        let redo = undone.into_iter().rev().map(|e| self.apply(e)).collect();
        self.epoch += 1;
        Redo(redo)
    }

    /// Redo what `rewind` took back.
    pub fn replay(&mut self, redo: Redo) {
        for entry in redo.0.into_iter().rev() {
            let undo = self.apply(entry);
            self.journal.push(undo);
        }
        self.epoch += 1;
    }

    /// Forget how to go back beyond *position*, once that frees half of the journal.
    pub fn trim(&mut self, position: usize) {
        let dead = position - self.base;
        if dead > 4096 && dead * 2 > self.journal.len() {
            self.journal.drain(..dead);
            self.journal.shrink_to(2 * self.journal.len());
            self.base = position;
        }
    }

    /// Restore what *entry* holds; return the entry that takes this back.
    fn apply(&mut self, entry: Entry) -> Entry {
        let epoch = self.epoch;
        match entry {
            Entry::Created(address) => {
                self.stale.push(address);
                match self.accounts.remove(&address) {
                    Some(account) => Entry::Removed(address, Box::new(account)),
                    None => unreachable!("an account that was made is there"),
                }
            }
            Entry::Removed(address, account) => {
                self.stale.push(address);
                self.accounts.insert(address, *account);
                Entry::Created(address)
            }
            Entry::Money(address, nonce, balance) => {
                let account = self.present(address);
                let inverse = Entry::Money(address, account.nonce, account.balance);
                (account.nonce, account.balance) = (nonce, balance);
                inverse
            }
            Entry::Code(address, code) => {
                let account = self.present(address);
                let (hash, code) = *code;
                let hash = std::mem::replace(&mut account.code_hash, hash);
                let code = std::mem::replace(&mut account.code, code);
                Entry::Code(address, Box::new((hash, code)))
            }
            Entry::Slot(address, slot, value) => {
                let old = self.present(address).put(slot, value, epoch);
                Entry::Slot(address, slot, old)
            }
        }
    }

    /// The account at *address*, which is there, about to change.
    fn present(&mut self, address: Address) -> &mut Account {
        self.stale.push(address);
        match self.accounts.get_mut(&address) {
            Some(account) => account,
            None => unreachable!("the journal speaks of an account that is not there"),
        }
    }

    // -- writing

    /// The account at *address*, made where there is none.
    fn make(&mut self, address: Address) -> &mut Account {
        let (journal, stale, epoch) = (&mut self.journal, &mut self.stale, self.epoch);
        self.accounts.entry(address).or_insert_with(|| {
            journal.push(Entry::Created(address));
            stale.push(address);
            Account::new(epoch)
        })
    }

    /// Write nonce and balance.
    pub fn set_money(&mut self, address: Address, nonce: u64, balance: U256) {
        let epoch = self.epoch;
        let account = self.make(address);
        if (account.nonce, account.balance) == (nonce, balance) {
            return;
        }
        let old = Entry::Money(address, account.nonce, account.balance);
        (account.nonce, account.balance) = (nonce, balance);
        if account.epoch != epoch {
            account.epoch = epoch;
            self.journal.push(old);
            self.stale.push(address);
        }
    }

    /// Write the code.
    pub fn set_code(&mut self, address: Address, code_hash: B256, code: Bytecode) {
        let account = self.make(address);
        if account.code_hash == code_hash {
            return;
        }
        let hash = std::mem::replace(&mut account.code_hash, code_hash);
        let code = std::mem::replace(&mut account.code, code);
        self.journal
            .push(Entry::Code(address, Box::new((hash, code))));
        self.stale.push(address);
    }

    /// Write one slot; the account is made where there is none, as the reference does.
    pub fn set_slot(&mut self, address: Address, slot: U256, value: U256) {
        let epoch = self.epoch;
        if let Some(old) = self.make(address).write(slot, value, epoch) {
            self.journal.push(Entry::Slot(address, slot, old));
            self.stale.push(address);
        }
    }

    /// Take the account at *address* away with its storage.
    pub fn remove(&mut self, address: Address) {
        if let Some(account) = self.accounts.remove(&address) {
            self.journal
                .push(Entry::Removed(address, Box::new(account)));
            self.stale.push(address);
        }
    }

    /// Take over what a transaction did; *changed* is left empty, with its memory.
    pub fn commit(&mut self, changed: &mut EvmState) {
        for (address, account) in changed.drain() {
            if !account.is_touched() {
                continue;
            }
            if account.is_selfdestructed() {
                self.remove(address);
                continue;
            }
            if account.is_empty() {
                continue;
            }
            if account.is_created() {
                self.clear(address);
            }
            self.take_over(address, account);
        }
    }

    /// Write what a transaction made of an account, which is looked up once.
    fn take_over(&mut self, address: Address, now: revm::state::Account) {
        let (info, epoch) = (now.info, self.epoch);
        let (journal, stale) = (&mut self.journal, &mut self.stale);
        let account = self.accounts.entry(address).or_insert_with(|| {
            journal.push(Entry::Created(address));
            stale.push(address);
            Account::new(epoch)
        });
        let before = journal.len();
        if (account.nonce, account.balance) != (info.nonce, info.balance) {
            let old = Entry::Money(address, account.nonce, account.balance);
            (account.nonce, account.balance) = (info.nonce, info.balance);
            if account.epoch != epoch {
                account.epoch = epoch;
                journal.push(old);
            }
        }
        for (slot, value) in now.storage {
            if value.is_changed()
                && let Some(old) = account.write(slot, value.present_value, epoch)
            {
                journal.push(Entry::Slot(address, slot, old));
            }
        }
        if journal.len() > before {
            stale.push(address);
        }
        if account.code_hash != info.code_hash
            && let Some(code) = info.code.filter(|_| !info.code_hash.is_zero())
        {
            self.set_code(address, info.code_hash, code);
        }
    }

    /// Clear the storage of *address*, where a contract is about to stand.
    fn clear(&mut self, address: Address) {
        let Some(account) = self.accounts.get(&address) else {
            return;
        };
        let slots: Vec<U256> = account.storage.keys().copied().collect();
        for slot in slots {
            self.set_slot(address, slot, U256::ZERO);
        }
    }

    // -- the whole state

    /// What changed since *position*, net, by ascending address.
    pub fn changes(&self, position: usize) -> Vec<(Address, Change)> {
        let mut found: Vec<(Address, Change)> = self
            .before(position)
            .into_iter()
            .filter_map(|(address, before)| {
                Some((address, net(before, self.accounts.get(&address))?))
            })
            .collect();
        found.sort_unstable_by_key(|(address, _)| *address);
        found
    }

    /// What every account touched since *position* was there.
    fn before(&self, position: usize) -> AddressMap<Before> {
        let mut found: AddressMap<Before> = AddressMap::default();
        for entry in &self.journal[position - self.base..] {
            match entry {
                Entry::Created(address) => {
                    let absent = || Before {
                        absent: true,
                        ..Before::default()
                    };
                    found.entry(*address).or_insert_with(absent);
                }
                Entry::Removed(address, account) => {
                    let before = found.entry(*address).or_default();
                    before.money.get_or_insert((account.nonce, account.balance));
                    before.code_hash.get_or_insert(account.code_hash);
                    for (slot, held) in &account.storage {
                        before.slots.entry(*slot).or_insert(held.value);
                    }
                }
                Entry::Money(address, nonce, balance) => {
                    let before = found.entry(*address).or_default();
                    before.money.get_or_insert((*nonce, *balance));
                }
                Entry::Code(address, code) => {
                    let before = found.entry(*address).or_default();
                    before.code_hash.get_or_insert(code.0);
                }
                Entry::Slot(address, slot, value) => {
                    let before = found.entry(*address).or_default();
                    before.slots.entry(*slot).or_insert(*value);
                }
            }
        }
        found
    }

    /// The Merkle-Patricia root of all accounts.
    pub fn root(&mut self) -> B256 {
        self.epoch += 1;
        for address in self.stale.take() {
            let key = keccak256(address);
            match self.accounts.get_mut(&address) {
                Some(account) => self.trie.insert(&key, &account.rlp()),
                None => self.trie.remove(&key),
            }
        }
        self.trie.root()
    }

    /// Every address, ascending.
    pub fn addresses(&self) -> Vec<Address> {
        let mut found: Vec<Address> = self.accounts.keys().copied().collect();
        found.sort_unstable();
        found
    }
}

/// What `State::rewind` took back.
pub struct Redo(Vec<Entry>);

/// The change from *before* to *now*, or None.
fn net(before: Before, now: Option<&Account>) -> Option<Change> {
    let Some(now) = now else {
        let gone = Change {
            code_hash: KECCAK_EMPTY,
            deleted: true,
            ..Change::default()
        };
        return (!before.absent).then_some(gone);
    };
    let same = !before.absent
        && before
            .money
            .is_none_or(|was| was == (now.nonce, now.balance))
        && before.code_hash.is_none_or(|was| was == now.code_hash);
    let value = |slot: &U256| now.storage.get(slot).map_or(U256::ZERO, |s| s.value);
    let mut storage: Vec<(U256, U256)> = before
        .slots
        .iter()
        .map(|(slot, was)| (*slot, *was, value(slot)))
        .filter(|(_, was, is)| was != is)
        .map(|(slot, _, is)| (slot, is))
        .collect();
    storage.sort_unstable();
    (!same || !storage.is_empty()).then_some(Change {
        nonce: now.nonce,
        balance: now.balance,
        code_hash: now.code_hash,
        storage,
        deleted: false,
    })
}
