//! The types of the ABI, from their canonical names.

use super::{Unfit, WORD};

const DEPTH: usize = 16; // arrays and tuples within each other
const STATIC: usize = 1 << 20; // bytes of a static type: what is larger is no type of a contract

/// What a value is.
#[derive(Debug, PartialEq)]
pub enum Kind {
    /// An unsigned integer of so many bytes.
    Uint(usize),
    /// A signed integer of so many bytes.
    Int(usize),
    /// 20 bytes.
    Address,
    /// True or false.
    Bool,
    /// So many bytes, at most a word.
    Fixed(usize),
    /// Any number of bytes.
    Bytes,
    /// UTF-8.
    Text,
    /// Any number of one type.
    Array(Box<Type>),
    /// So many of one type.
    Sized(Box<Type>, usize),
    /// One of each.
    Tuple(Vec<Type>),
}

/// A kind, and the bytes that it takes where it is static.
#[derive(Debug, PartialEq)]
pub struct Type {
    /// What it is.
    pub kind: Kind,
    /// The length of its encoding, where that is always the same.
    pub size: Option<usize>,
}

impl Type {
    /// Read *name*, the whole of it: `uint256`, `(address,bytes)[]`, `bytes32[2][]`.
    pub fn new(name: &str) -> Result<Self, Unfit> {
        let mut rest = name;
        let found = Self::read(&mut rest, DEPTH)?;
        if rest.is_empty() {
            Ok(found)
        } else {
            Err(Unfit)
        }
    }

    /// The bytes that it takes in its container: itself, or an offset.
    pub fn head(&self) -> usize {
        self.size.unwrap_or(WORD)
    }

    fn read(rest: &mut &str, depth: usize) -> Result<Self, Unfit> {
        let depth = depth.checked_sub(1).ok_or(Unfit)?;
        let mut found = if let Some(inner) = rest.strip_prefix('(') {
            *rest = inner;
            Self::members(rest, depth)?
        } else {
            let end = rest.find([',', ')', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            *rest = after;
            elementary(name).ok_or(Unfit)?
        };
        for _ in 0..depth {
            let Some(inner) = rest.strip_prefix('[') else {
                return Ok(found);
            };
            let (count, after) = inner.split_once(']').ok_or(Unfit)?;
            *rest = after;
            found = found.array(count)?;
        }
        Err(Unfit)
    }

    fn members(rest: &mut &str, depth: usize) -> Result<Self, Unfit> {
        let mut members = Vec::new();
        loop {
            members.push(Self::read(rest, depth)?);
            let mut letters = rest.chars();
            let letter = letters.next();
            *rest = letters.as_str();
            match letter {
                Some(',') => {}
                Some(')') => break,
                _ => return Err(Unfit),
            }
        }
        let size = members.iter().try_fold(0, |sum, one| Some(sum + one.size?));
        Self::of(Kind::Tuple(members), size)
    }

    /// An array of *count* of these, a number or nothing.
    fn array(self, count: &str) -> Result<Self, Unfit> {
        if count.is_empty() {
            return Self::of(Kind::Array(Box::new(self)), None);
        }
        // An array without items would take no bytes, and so could have any number of siblings.
        let count = number(count).ok_or(Unfit)?;
        let size = self.size.map(|size| size.saturating_mul(count));
        Self::of(Kind::Sized(Box::new(self), count), size)
    }

    fn of(kind: Kind, size: Option<usize>) -> Result<Self, Unfit> {
        if size.is_some_and(|size| size > STATIC) {
            return Err(Unfit);
        }
        Ok(Self { kind, size })
    }
}

/// A number from 1 to the limit of static types, as it is written in a type.
fn number(digits: &str) -> Option<usize> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let number = digits.parse().ok().filter(|_| plain)?;
    (number <= STATIC).then_some(number)
}

fn elementary(name: &str) -> Option<Type> {
    let dynamic = |kind| Type { kind, size: None };
    let word = |kind| Type {
        kind,
        size: Some(WORD),
    };
    let bits = |digits| match number(digits) {
        Some(bits) if bits <= 256 && bits % 8 == 0 => Some(bits / 8),
        _ => None,
    };
    Some(match name {
        "address" => word(Kind::Address),
        "bool" => word(Kind::Bool),
        "bytes" => dynamic(Kind::Bytes),
        "string" => dynamic(Kind::Text),
        "uint" => word(Kind::Uint(WORD)),
        "int" => word(Kind::Int(WORD)),
        _ => {
            if let Some(digits) = name.strip_prefix("uint") {
                word(Kind::Uint(bits(digits)?))
            } else if let Some(digits) = name.strip_prefix("int") {
                word(Kind::Int(bits(digits)?))
            } else {
                let size = number(name.strip_prefix("bytes")?)?;
                word(Kind::Fixed(Some(size).filter(|size| *size <= WORD)?))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_with_their_sizes() {
        for (name, size) in [
            ("uint256", Some(32)),
            ("int", Some(32)),
            ("bytes32", Some(32)),
            ("bytes", None),
            ("uint8[2][3]", Some(192)),
            ("uint8[2][]", None),
            ("(address,(bool,bytes4)[2])", Some(160)),
            ("(address,bytes)[2]", None),
        ] {
            let made = Type::new(name);
            assert_eq!(made.ok().map(|made| made.size), Some(size), "{name}");
        }
    }

    #[test]
    fn what_is_no_type_is_unfit() {
        let deep = format!("{}uint8{}", "(".repeat(200_000), ")".repeat(200_000));
        let long = format!("uint8{}", "[1]".repeat(200_000));
        for name in [
            "",
            "()",
            "uint7",
            "uint08",
            "uint264",
            "int0",
            "bytes0",
            "bytes33",
            "uint+8",
            "address5",
            "fixed128x18",
            "function",
            "(uint8",
            "(uint8))",
            "(uint8,)",
            "uint8[",
            "uint8[0]",
            "uint8[-1]",
            "uint8[999999999999]",
            "uint8[9999][9999]",
            "uint8 ",
            "é[1]",
            "uint8é",
            deep.as_str(),
            long.as_str(),
        ] {
            assert!(Type::new(name).is_err(), "{name:.40}");
        }
    }
}
