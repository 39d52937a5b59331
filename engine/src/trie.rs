//! The Merkle-Patricia trie of the yellow paper (appendix D), kept in memory and updated in place.
//!
//! Keys are 32-byte hashes, so no key is a prefix of another and branches carry no value. Every
//! node remembers how its parent names it until something below it changes: a root after *k*
//! changes hashes *k* paths, not the whole state.

#![allow(clippy::unnecessary_box_returns)] // nodes live in boxes and move between them

use revm::primitives::{B256, keccak256};

/// The root of a trie without entries: the hash of RLP's empty string.
pub const EMPTY_ROOT: B256 = B256::new([
    0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
    0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21,
]);

/// A trie; *insert* and *remove* take the hashed key.
#[derive(Default)]
pub struct Trie {
    root: Option<Box<Node>>,
}

/// How a parent names a node: its RLP below 32 bytes, else the RLP of its hash. Empty: unknown.
#[derive(Clone, Copy)]
struct Name {
    length: u8,
    bytes: [u8; 33],
}

const UNKNOWN: Name = Name {
    length: 0,
    bytes: [0; 33],
};

struct Node {
    name: Name,
    kind: Kind,
}

enum Kind {
    Leaf(Box<[u8]>, Box<[u8]>),
    Extension(Box<[u8]>, Box<Node>),
    Branch(Box<[Option<Box<Node>>; 16]>),
}

impl Trie {
    /// Put *value* (RLP) at *key*, in place of what was there.
    pub fn insert(&mut self, key: &B256, value: &[u8]) {
        let path = nibbles(key);
        self.root = Some(insert(self.root.take(), &path, value));
    }

    /// Take away what is at *key*, if anything is.
    pub fn remove(&mut self, key: &B256) {
        let path = nibbles(key);
        self.root = self.root.take().and_then(|node| remove(node, &path));
    }

    /// The root hash.
    pub fn root(&mut self) -> B256 {
        self.root
            .as_mut()
            .map_or(EMPTY_ROOT, |node| keccak256(node.encode()))
    }
}

fn nibbles(key: &B256) -> [u8; 64] {
    let mut path = [0; 64];
    for (place, byte) in key.iter().enumerate() {
        path[2 * place] = byte >> 4;
        path[2 * place + 1] = byte & 15;
    }
    path
}

fn common(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(a, b)| a == b).count()
}

impl Node {
    fn new(kind: Kind) -> Box<Self> {
        Box::new(Self {
            name: UNKNOWN,
            kind,
        })
    }

    fn leaf(path: &[u8], value: &[u8]) -> Box<Self> {
        Self::new(Kind::Leaf(path.into(), value.into()))
    }

    /// The node below *path*: itself where the path is empty.
    fn below(path: &[u8], child: Box<Self>) -> Box<Self> {
        if path.is_empty() {
            child
        } else {
            Self::new(Kind::Extension(path.into(), child))
        }
    }

    /// The RLP of the node.
    fn encode(&mut self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(544);
        match &mut self.kind {
            Kind::Leaf(path, value) => {
                put_string(&mut payload, &compact(path, true));
                put_string(&mut payload, value);
            }
            Kind::Extension(path, child) => {
                put_string(&mut payload, &compact(path, false));
                child.put_name(&mut payload);
            }
            Kind::Branch(children) => {
                for child in children.iter_mut() {
                    match child {
                        Some(child) => child.put_name(&mut payload),
                        None => payload.push(0x80),
                    }
                }
                payload.push(0x80);
            }
        }
        let mut encoded = Vec::with_capacity(payload.len() + 3);
        put_head(&mut encoded, payload.len(), 0xc0);
        encoded.extend_from_slice(&payload);
        encoded
    }

    /// Append how the parent names this node.
    fn put_name(&mut self, out: &mut Vec<u8>) {
        if self.name.length == 0 {
            let encoded = self.encode();
            if encoded.len() < 32 {
                self.name.bytes[..encoded.len()].copy_from_slice(&encoded);
                self.name.length = u8::try_from(encoded.len()).unwrap_or(0);
            } else {
                self.name.bytes[0] = 0xa0;
                self.name.bytes[1..].copy_from_slice(keccak256(&encoded).as_slice());
                self.name.length = 33;
            }
        }
        out.extend_from_slice(&self.name.bytes[..usize::from(self.name.length)]);
    }
}

fn insert(node: Option<Box<Node>>, path: &[u8], value: &[u8]) -> Box<Node> {
    let Some(mut node) = node else {
        return Node::leaf(path, value);
    };
    match node.kind {
        Kind::Branch(ref mut children) => {
            let place = &mut children[usize::from(path[0])];
            *place = Some(insert(place.take(), &path[1..], value));
            node.name = UNKNOWN;
            node
        }
        Kind::Leaf(ref old, ref mut held) => {
            let shared = common(old, path);
            if shared == path.len() {
                *held = value.into();
                node.name = UNKNOWN;
                return node;
            }
            let mut children: Box<[Option<Box<Node>>; 16]> = Box::default();
            children[usize::from(old[shared])] = Some(Node::leaf(&old[shared + 1..], held));
            children[usize::from(path[shared])] = Some(Node::leaf(&path[shared + 1..], value));
            Node::below(&path[..shared], Node::new(Kind::Branch(children)))
        }
        Kind::Extension(old, child) => {
            let shared = common(&old, path);
            if shared == old.len() {
                return Node::below(&old, insert(Some(child), &path[shared..], value));
            }
            let mut children: Box<[Option<Box<Node>>; 16]> = Box::default();
            children[usize::from(old[shared])] = Some(Node::below(&old[shared + 1..], child));
            children[usize::from(path[shared])] = Some(Node::leaf(&path[shared + 1..], value));
            Node::below(&path[..shared], Node::new(Kind::Branch(children)))
        }
    }
}

fn remove(mut node: Box<Node>, path: &[u8]) -> Option<Box<Node>> {
    match node.kind {
        Kind::Leaf(ref held, _) => (**held != *path).then_some(node),
        Kind::Extension(held, child) => {
            if common(&held, path) < held.len() {
                let kind = Kind::Extension(held, child);
                return Some(Box::new(Node { kind, ..*node }));
            }
            let child = remove(child, &path[held.len()..])?;
            Some(join(&held, child))
        }
        Kind::Branch(ref mut children) => {
            let place = &mut children[usize::from(path[0])];
            *place = place.take().and_then(|child| remove(child, &path[1..]));
            node.name = UNKNOWN;
            if children.iter().flatten().count() > 1 {
                return Some(node);
            }
            let (nibble, child) = children
                .iter_mut()
                .zip(0u8..)
                .find_map(|(child, nibble)| Some((nibble, child.take()?)))?;
            Some(join(&[nibble], child))
        }
    }
}

/// The node that *child* becomes below *path*: leaves and extensions take the path in.
fn join(path: &[u8], child: Box<Node>) -> Box<Node> {
    match child.kind {
        Kind::Leaf(rest, value) => Node::leaf(&[path, &rest].concat(), &value),
        Kind::Extension(rest, below) => Node::below(&[path, &rest].concat(), below),
        Kind::Branch(_) => Node::below(path, child),
    }
}

/// A path in hex-prefix encoding.
fn compact(path: &[u8], leaf: bool) -> Vec<u8> {
    let odd = path.len() % 2;
    let flag = if leaf { 0x20 } else { 0 };
    let mut encoded = Vec::with_capacity(path.len() / 2 + 1);
    if odd == 1 {
        encoded.push(flag | 0x10 | path[0]);
    } else {
        encoded.push(flag);
    }
    encoded.extend(path[odd..].chunks(2).map(|pair| pair[0] << 4 | pair[1]));
    encoded
}

/// Append the RLP prefix of a payload of *length* bytes; *short* is 0x80 or 0xc0.
pub fn put_head(out: &mut Vec<u8>, length: usize, short: u8) {
    if length < 56 {
        out.push(short + u8::try_from(length).unwrap_or(0));
    } else {
        let bytes = length.to_be_bytes();
        let digits = &bytes[length.leading_zeros() as usize / 8..];
        out.push(short + 55 + u8::try_from(digits.len()).unwrap_or(0));
        out.extend_from_slice(digits);
    }
}

/// Append the RLP of a byte string.
pub fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes {
        [byte] if *byte < 0x80 => out.push(*byte),
        _ => {
            put_head(out, bytes.len(), 0x80);
            out.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trie built in any order, with entries put in and taken away again, has one root.
    #[test]
    fn root_depends_on_the_entries_alone() {
        let keys: Vec<B256> = (0u16..300).map(|n| keccak256(n.to_be_bytes())).collect();
        let mut forward = Trie::default();
        let mut backward = Trie::default();
        for key in &keys[..200] {
            forward.insert(key, &key[..5]);
        }
        for key in keys.iter().rev() {
            backward.insert(key, &key[..7]);
            backward.root();
        }
        for key in &keys[200..] {
            backward.remove(key);
            backward.root();
        }
        for key in &keys[..200] {
            backward.insert(key, &key[..5]);
        }
        assert_eq!(forward.root(), backward.root());
        for key in &keys {
            forward.remove(key);
        }
        assert_eq!(forward.root(), EMPTY_ROOT);
    }
}
