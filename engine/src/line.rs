//! The line of an event in the log of a run, written without a Python object for its parts.
//!
//! What this writes is what `twin.events` writes: canonical JSON, keys in order, bytes as `0x` hex.
//! A value that is not of the plain types goes to the Python function that words all others.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyString, PyTuple, PyType};

use crate::slot::Slot;

/// How deep containers may nest before Python's own guard has the word.
const DEPTH: usize = 64;

/// What stands in a line, one after the other.
enum Part {
    Text(Vec<u8>),
    Field(Box<Slot>),
    Number,
    Time,
}

/// The form of the lines of one class of events.
#[pyclass(module = "fictra_twin_engine", frozen)]
pub struct Line {
    parts: Vec<Part>,
    otherwise: Py<PyAny>,
}

#[pymethods]
impl Line {
    /// The form for the slotted class *event*, whose *fields* and `kind`, `n` and `t` a line holds.
    /// *otherwise* gives the text of a value that is none of the plain types.
    #[new]
    fn new(
        event: &Bound<'_, PyType>,
        kind: &str,
        fields: Vec<String>,
        otherwise: Py<PyAny>,
    ) -> PyResult<Self> {
        let mut keys: Vec<&str> = fields.iter().map(String::as_str).collect();
        keys.extend(["kind", "n", "t"]);
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(PyTypeError::new_err(
                "a field of a name that every line has",
            ));
        }
        let mut parts = Vec::new();
        for (place, key) in keys.into_iter().enumerate() {
            let mut text = vec![if place == 0 { b'{' } else { b',' }];
            put_text(&mut text, key);
            text.push(b':');
            if key == "kind" {
                put_text(&mut text, kind);
            }
            parts.push(Part::Text(text));
            match key {
                "kind" => {}
                "n" => parts.push(Part::Number),
                "t" => parts.push(Part::Time),
                field => parts.push(Part::Field(Box::new(Slot::new(event, field)?))),
            }
        }
        Ok(Self { parts, otherwise })
    }

    /// Return the line of *event*, the *number*th of the log, at unix second *time*.
    fn write<'py>(
        &self,
        event: &Bound<'py, PyAny>,
        number: i64,
        time: i64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut out = Vec::with_capacity(512);
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Field(slot) => self.put(&mut out, &slot.get(event)?, DEPTH)?,
                Part::Number => out.extend_from_slice(number.to_string().as_bytes()),
                Part::Time => out.extend_from_slice(time.to_string().as_bytes()),
            }
        }
        out.extend_from_slice(b"}\n");
        Ok(PyBytes::new(event.py(), &out))
    }
}

impl Line {
    fn put(&self, out: &mut Vec<u8>, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
        if let Ok(text) = value.cast_exact::<PyString>() {
            put_text(out, text.to_str()?);
        } else if let Ok(truth) = value.cast_exact::<PyBool>() {
            out.extend_from_slice(if truth.is_true() { b"true" } else { b"false" });
        } else if value.is_exact_instance_of::<PyInt>() {
            match value.extract::<i64>() {
                Ok(small) => out.extend_from_slice(small.to_string().as_bytes()),
                Err(_) => out.extend_from_slice(value.repr()?.to_str()?.as_bytes()),
            }
        } else if let Ok(bytes) = value.cast_exact::<PyBytes>() {
            put_hex(out, bytes.as_bytes());
        } else if value.is_none() {
            out.extend_from_slice(b"null");
        } else if depth == 0 {
            return self.put_other(out, value);
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            return self.put_all(out, list.iter(), depth);
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            return self.put_all(out, tuple.iter(), depth);
        } else if let Ok(dict) = value.cast_exact::<PyDict>() {
            return self.put_dict(out, dict, depth);
        } else {
            return self.put_other(out, value);
        }
        Ok(())
    }

    fn put_all<'py>(
        &self,
        out: &mut Vec<u8>,
        values: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> PyResult<()> {
        out.push(b'[');
        for (place, value) in values.enumerate() {
            if place > 0 {
                out.push(b',');
            }
            self.put(out, &value, depth - 1)?;
        }
        out.push(b']');
        Ok(())
    }

    fn put_dict(&self, out: &mut Vec<u8>, dict: &Bound<'_, PyDict>, depth: usize) -> PyResult<()> {
        let mut items = Vec::with_capacity(dict.len());
        for (key, value) in dict.iter() {
            let Ok(key) = key.cast_into_exact::<PyString>() else {
                return self.put_other(out, dict);
            };
            items.push((key.to_str()?.to_owned(), value));
        }
        items.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        out.push(b'{');
        for (place, (key, value)) in items.into_iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            put_text(out, &key);
            out.push(b':');
            self.put(out, &value, depth - 1)?;
        }
        out.push(b'}');
        Ok(())
    }

    fn put_other(&self, out: &mut Vec<u8>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let text = self.otherwise.bind(value.py()).call1((value,))?;
        out.extend_from_slice(text.cast::<PyString>()?.to_str()?.as_bytes());
        Ok(())
    }
}

fn put_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\"0x");
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out.push(b'"');
}

/// Append *text* as a JSON string; what JSON does not ask for is not escaped.
fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
