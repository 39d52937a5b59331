//! One account, its storage, and the trie over that storage.

use revm::primitives::{B256, KECCAK_EMPTY, StorageKeyMap, U256, keccak256};
use revm::state::Bytecode;

use crate::trie::{EMPTY_ROOT, Trie, put_head, put_string};

/// A storage value and the epoch in which it was last written.
#[derive(Clone, Copy)]
pub struct Slot {
    /// The value, never zero.
    pub value: U256,
    /// When it was last written.
    pub epoch: u64,
}

/// One account with its storage, and the trie over that storage as of the last root.
pub struct Account {
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Wei.
    pub balance: U256,
    /// Keccak-256 of the code.
    pub code_hash: B256,
    /// The code, analysed for jump destinations once.
    pub code: Bytecode,
    /// Slots that are not zero.
    pub storage: StorageKeyMap<Slot>,
    /// When nonce or balance were last written down in the journal.
    pub epoch: u64,
    trie: Trie,
    stale: Stale<U256>,
}

impl Account {
    /// An empty account, made in *epoch*.
    pub fn new(epoch: u64) -> Self {
        Self {
            nonce: 0,
            balance: U256::ZERO,
            code_hash: KECCAK_EMPTY,
            code: Bytecode::default(),
            storage: StorageKeyMap::default(),
            epoch,
            trie: Trie::default(),
            stale: Stale::default(),
        }
    }

    /// Whether storage alone keeps a contract from being created here (EIP-7610). Only genesis
    /// can make such an account.
    pub fn blocks_creation(&self) -> bool {
        self.nonce == 0 && self.code_hash == KECCAK_EMPTY && !self.storage.is_empty()
    }

    /// Write one slot, zero by removing it; return what was there.
    pub fn put(&mut self, slot: U256, value: U256, epoch: u64) -> U256 {
        self.stale.push(slot);
        let old = if value.is_zero() {
            self.storage.remove(&slot)
        } else {
            self.storage.insert(slot, Slot { value, epoch })
        };
        old.map_or(U256::ZERO, |slot| slot.value)
    }

    /// Write one slot in *epoch*; return what was there if the journal does not know that yet.
    pub fn write(&mut self, slot: U256, value: U256, epoch: u64) -> Option<U256> {
        let old = match self.storage.get_mut(&slot) {
            Some(held) if held.epoch == epoch && !value.is_zero() => {
                held.value = value; // the journal and the stale keys have the slot already
                return None;
            }
            held => held.map_or(U256::ZERO, |held| held.value),
        };
        if old == value {
            return None;
        }
        self.put(slot, value, epoch);
        Some(old)
    }

    /// The account as the state trie holds it.
    pub fn rlp(&mut self) -> Vec<u8> {
        for slot in self.stale.take() {
            let key = keccak256(slot.to_be_bytes::<32>());
            match self.storage.get(&slot) {
                Some(held) => self.trie.insert(&key, &rlp_word(held.value)),
                None => self.trie.remove(&key),
            }
        }
        let root = if self.storage.is_empty() {
            EMPTY_ROOT
        } else {
            self.trie.root()
        };
        let mut payload = Vec::with_capacity(110);
        put_string(&mut payload, self.nonce.to_be_bytes().trim_zeros());
        payload.extend_from_slice(&rlp_word(self.balance));
        put_string(&mut payload, root.as_slice());
        put_string(&mut payload, self.code_hash.as_slice());
        let mut encoded = Vec::with_capacity(payload.len() + 3);
        put_head(&mut encoded, payload.len(), 0xc0);
        encoded.extend_from_slice(&payload);
        encoded
    }
}

trait TrimZeros {
    fn trim_zeros(&self) -> &[u8];
}

impl<const N: usize> TrimZeros for [u8; N] {
    fn trim_zeros(&self) -> &[u8] {
        &self[self.iter().take_while(|byte| **byte == 0).count()..]
    }
}

fn rlp_word(word: U256) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(33);
    put_string(&mut encoded, word.to_be_bytes::<32>().trim_zeros());
    encoded
}

/// Keys whose place in a trie is out of date, each at least once, at most twice as many as apart.
pub struct Stale<K> {
    keys: Vec<K>,
    limit: usize,
}

impl<K> Default for Stale<K> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            limit: 64,
        }
    }
}

impl<K: Ord> Stale<K> {
    /// Note that *key* is out of date.
    pub fn push(&mut self, key: K) {
        if self.keys.len() >= self.limit {
            self.keys.sort_unstable();
            self.keys.dedup();
            self.limit = (2 * self.keys.len()).max(64);
        }
        self.keys.push(key);
    }

    /// Take all keys, each once, in order.
    pub fn take(&mut self) -> Vec<K> {
        let mut keys = std::mem::take(&mut self.keys);
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}
