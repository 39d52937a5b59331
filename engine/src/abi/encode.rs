//! Python's values into words.

use std::iter::repeat_n;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyString};

use super::items::Items;
use super::kind::{Kind, Type};
use super::{Unfit, WORD};
use crate::integer;

const LIMIT: usize = 1 << 24; // bytes; memory that is not there would end the process

/// Append *items*, one of each of *types*, whose heads take *heads* bytes.
pub fn append_all<'t>(
    types: impl ExactSizeIterator<Item = &'t Type>,
    items: &Items<'_, '_>,
    heads: usize,
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
    if items.len() != types.len() || heads > LIMIT.saturating_sub(out.len()) {
        return Err(Unfit);
    }
    let start = out.len();
    out.resize(start + heads, 0);
    let mut at = start;
    for (place, kind) in types.enumerate() {
        let value = items.get(place)?;
        if kind.size.is_some() {
            put(kind, &value, &mut out[at..at + kind.head()])?;
        } else {
            let offset = (out.len() - start) as u64;
            out[at + WORD - 8..at + WORD].copy_from_slice(&offset.to_be_bytes());
            append(kind, &value, out)?;
        }
        at += kind.head();
    }
    Ok(())
}

/// Append *value*, of a dynamic type.
fn append(kind: &Type, value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match &kind.kind {
        Kind::Bytes => string(value.cast::<PyBytes>().map_err(|_| Unfit)?.as_bytes(), out),
        Kind::Text => {
            let text = value.cast::<PyString>().map_err(|_| Unfit)?;
            string(text.to_cow()?.as_bytes(), out)
        }
        Kind::Array(item) => {
            let items = Items::of(value)?;
            length(items.len(), out);
            let heads = item.head().saturating_mul(items.len());
            append_all(repeat_n(&**item, items.len()), &items, heads, out)
        }
        Kind::Sized(item, count) => {
            let heads = item.head().saturating_mul(*count);
            append_all(repeat_n(&**item, *count), &Items::of(value)?, heads, out)
        }
        Kind::Tuple(members) => {
            let heads = members.iter().map(Type::head).sum();
            append_all(members.iter(), &Items::of(value)?, heads, out)
        }
        _ => Err(Unfit), // these are static
    }
}

fn length(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; WORD - 8]);
    out.extend_from_slice(&(count as u64).to_be_bytes());
}

fn string(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
    if bytes.len() > LIMIT.saturating_sub(out.len()) {
        return Err(Unfit);
    }
    length(bytes.len(), out);
    out.extend_from_slice(bytes);
    out.resize(
        out.len() + bytes.len().next_multiple_of(WORD) - bytes.len(),
        0,
    );
    Ok(())
}

/// Write *value*, of a static type, into the zeros of *out*.
fn put(kind: &Type, value: &Bound<'_, PyAny>, out: &mut [u8]) -> Result<(), Unfit> {
    match &kind.kind {
        Kind::Uint(size) => whole(*size, false, value, out),
        Kind::Int(size) => whole(*size, true, value, out),
        Kind::Address => fixed(value, &mut out[WORD - 20..]),
        Kind::Fixed(size) => fixed(value, &mut out[..*size]),
        Kind::Bool => {
            let truth = value.cast::<PyBool>().map_err(|_| Unfit)?;
            out[WORD - 1] = u8::from(truth.is_true());
            Ok(())
        }
        Kind::Sized(item, count) => put_all(repeat_n(&**item, *count), &Items::of(value)?, out),
        Kind::Tuple(members) => put_all(members.iter(), &Items::of(value)?, out),
        Kind::Bytes | Kind::Text | Kind::Array(_) => Err(Unfit), // these are dynamic
    }
}

fn put_all<'t>(
    types: impl ExactSizeIterator<Item = &'t Type>,
    items: &Items<'_, '_>,
    out: &mut [u8],
) -> Result<(), Unfit> {
    if items.len() != types.len() {
        return Err(Unfit);
    }
    let mut at = 0;
    for (place, kind) in types.enumerate() {
        put(kind, &items.get(place)?, &mut out[at..at + kind.head()])?;
        at += kind.head();
    }
    Ok(())
}

fn fixed(value: &Bound<'_, PyAny>, out: &mut [u8]) -> Result<(), Unfit> {
    let bytes = value.cast::<PyBytes>().map_err(|_| Unfit)?.as_bytes();
    if bytes.len() != out.len() {
        return Err(Unfit);
    }
    out.copy_from_slice(bytes);
    Ok(())
}

/// Write an integer of *size* bytes.
fn whole(size: usize, signed: bool, value: &Bound<'_, PyAny>, out: &mut [u8]) -> Result<(), Unfit> {
    let (word, negative) = integer::read(value).ok_or(Unfit)?;
    let filler = if negative { 0xff } else { 0 };
    let fits = word[..WORD - size].iter().all(|byte| *byte == filler)
        && (if signed {
            (word[WORD - size] >= 0x80) == negative
        } else {
            !negative
        });
    if !fits {
        return Err(Unfit);
    }
    out.copy_from_slice(&word);
    Ok(())
}
