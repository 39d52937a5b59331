//! Words into Python's values.
//!
//! Strict as `eth_abi` is: padding is what the type prescribes, and a pointer points behind the
//! heads that it stands among and into the data. Pointers may meet in one place, so that a kilobyte
//! could stand for gigabytes; what reads more bytes than there are is left to Python.

use std::iter::repeat_n;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyString, PyTuple};

use super::kind::{Kind, Type};
use super::{Unfit, WORD};
use crate::integer::{self, Word};

/// The data, and how many bytes of it may still be read.
pub struct Reader<'a, 'py> {
    py: Python<'py>,
    data: &'a [u8],
    left: usize,
}

impl<'a, 'py> Reader<'a, 'py> {
    /// Read *data* from its beginning.
    pub fn new(py: Python<'py>, data: &'a [u8]) -> Self {
        let left = data.len();
        Self { py, data, left }
    }

    /// One of each of *types*, whose heads take *heads* bytes from *start*.
    pub fn all<'t>(
        &mut self,
        types: impl ExactSizeIterator<Item = &'t Type>,
        start: usize,
        heads: usize,
    ) -> Result<Bound<'py, PyTuple>, Unfit> {
        self.claim(start, heads)?; // before there is room for so many
        let mut found = Vec::with_capacity(types.len());
        let mut at = start;
        for kind in types {
            found.push(self.one(kind, at, (start, heads))?);
            at += kind.head();
        }
        Ok(PyTuple::new(self.py, found)?)
    }

    /// Make sure of *heads* bytes at *start*.
    pub fn claim(&mut self, start: usize, heads: usize) -> Result<(), Unfit> {
        self.spend(heads)?;
        let there = self.data.len().saturating_sub(start);
        (heads <= there).then_some(()).ok_or(Unfit)
    }

    /// The value whose head is at *at*, among those that are the *frame*: where they begin and how
    /// many bytes they are.
    pub fn one(
        &mut self,
        kind: &Type,
        at: usize,
        frame: (usize, usize),
    ) -> Result<Bound<'py, PyAny>, Unfit> {
        if kind.size.is_some() {
            return self.fixed(kind, at);
        }
        let offset = self.length(at)?;
        if offset < frame.1 || offset >= self.data.len() - frame.0 {
            return Err(Unfit);
        }
        self.dynamic(kind, frame.0 + offset)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Unfit> {
        self.left = self.left.checked_sub(bytes).ok_or(Unfit)?;
        Ok(())
    }

    fn word(&self, at: usize) -> Result<&'a Word, Unfit> {
        let rest = self.data.get(at..).ok_or(Unfit)?;
        rest.first_chunk().ok_or(Unfit)
    }

    /// A number of bytes or items, no greater than the data is long.
    fn length(&self, at: usize) -> Result<usize, Unfit> {
        let (zeros, digits) = self.word(at)?.split_last_chunk().ok_or(Unfit)?;
        let length = usize::try_from(u64::from_be_bytes(*digits)).map_err(|_| Unfit)?;
        let possible = zeros == [0; WORD - 8] && length <= self.data.len();
        possible.then_some(length).ok_or(Unfit)
    }

    /// The value of dynamic type *kind* that begins at *at*.
    fn dynamic(&mut self, kind: &Type, at: usize) -> Result<Bound<'py, PyAny>, Unfit> {
        match &kind.kind {
            Kind::Bytes => Ok(PyBytes::new(self.py, self.string(at)?).into_any()),
            Kind::Text => Ok(PyString::from_bytes(self.py, self.string(at)?)?.into_any()),
            Kind::Array(item) => {
                let count = self.length(at)?;
                self.spend(WORD)?;
                self.repeated(item, count, at + WORD)
            }
            Kind::Sized(item, count) => self.repeated(item, *count, at),
            Kind::Tuple(members) => {
                let heads = members.iter().map(Type::head).sum();
                Ok(self.all(members.iter(), at, heads)?.into_any())
            }
            _ => Err(Unfit), // these are static
        }
    }

    fn repeated(
        &mut self,
        item: &Type,
        count: usize,
        at: usize,
    ) -> Result<Bound<'py, PyAny>, Unfit> {
        let heads = item.head().saturating_mul(count);
        Ok(self.all(repeat_n(item, count), at, heads)?.into_any())
    }

    fn string(&mut self, at: usize) -> Result<&'a [u8], Unfit> {
        let length = self.length(at)?;
        let padded = length.next_multiple_of(WORD);
        self.spend(WORD + padded)?;
        let rest = self.data.get(at + WORD..).ok_or(Unfit)?;
        let (bytes, padding) = rest.get(..padded).ok_or(Unfit)?.split_at(length);
        blank(padding).then_some(bytes).ok_or(Unfit)
    }

    /// The value of static type *kind* at *at*.
    pub fn fixed(&self, kind: &Type, at: usize) -> Result<Bound<'py, PyAny>, Unfit> {
        let py = self.py;
        match &kind.kind {
            Kind::Sized(item, count) => self.fixed_all(repeat_n(&**item, *count), at),
            Kind::Tuple(members) => self.fixed_all(members.iter(), at),
            Kind::Uint(size) => {
                let word = self.word(at)?;
                if !blank(&word[..WORD - size]) {
                    return Err(Unfit);
                }
                Ok(integer::unsigned(py, word)?)
            }
            Kind::Int(size) => {
                let word = self.word(at)?;
                let (filling, digits) = word.split_at(WORD - size);
                let filler = if digits[0] < 0x80 { 0 } else { 0xff };
                if filling.iter().any(|byte| *byte != filler) {
                    return Err(Unfit);
                }
                Ok(integer::signed(py, word)?)
            }
            Kind::Address => {
                let (padding, bytes) = self.word(at)?.split_at(WORD - 20);
                let bytes = blank(padding).then_some(bytes).ok_or(Unfit)?;
                Ok(PyBytes::new(py, bytes).into_any())
            }
            Kind::Fixed(size) => {
                let (bytes, padding) = self.word(at)?.split_at(*size);
                let bytes = blank(padding).then_some(bytes).ok_or(Unfit)?;
                Ok(PyBytes::new(py, bytes).into_any())
            }
            Kind::Bool => match self.word(at)?.split_last() {
                Some((digit @ (0 | 1), zeros)) if blank(zeros) => {
                    Ok(PyBool::new(py, *digit == 1).to_owned().into_any())
                }
                _ => Err(Unfit),
            },
            Kind::Bytes | Kind::Text | Kind::Array(_) => Err(Unfit), // these are dynamic
        }
    }

    fn fixed_all<'t>(
        &self,
        types: impl ExactSizeIterator<Item = &'t Type>,
        start: usize,
    ) -> Result<Bound<'py, PyAny>, Unfit> {
        let mut found = Vec::with_capacity(types.len());
        let mut at = start;
        for kind in types {
            found.push(self.fixed(kind, at)?);
            at += kind.head();
        }
        Ok(PyTuple::new(self.py, found)?.into_any())
    }
}

fn blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
