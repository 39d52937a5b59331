//! The classes that Python sees: a coder for an argument list, and one for an event.

use std::collections::HashSet;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use super::decode::Reader;
use super::encode;
use super::items::Items;
use super::kind::{Kind, Type};
use super::{Unfit, WORD};

/// Codes one argument list.
///
/// Where values or data do not fit, *encode* or *decode* is called with the same arguments, and
/// what it returns or raises is the answer; without it, `ValueError` is raised.
#[pyclass(module = "fictra_twin_engine", frozen)]
pub struct Coder {
    types: Vec<Type>,
    heads: usize,
    prefix: Vec<u8>,
    encode: Option<Py<PyAny>>,
    decode: Option<Py<PyAny>>,
}

#[pymethods]
impl Coder {
    /// Compile *types*, by their canonical names; `ValueError` where one is unknown. *prefix*, a
    /// selector, stands before the arguments.
    #[new]
    #[pyo3(signature = (types, *, prefix=b"".as_slice(), encode=None, decode=None))]
    fn new(
        types: Vec<String>,
        prefix: &[u8],
        encode: Option<Py<PyAny>>,
        decode: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let types = compiled(&types)?;
        Ok(Self {
            heads: types.iter().map(Type::head).sum(),
            types,
            prefix: prefix.to_vec(),
            encode,
            decode,
        })
    }

    /// Return the prefix and the encoding of *values*, one of each type.
    #[pyo3(signature = (*values))]
    fn encode<'py>(&self, values: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let py = values.py();
        let mut out = Vec::with_capacity(self.prefix.len() + self.heads);
        out.extend_from_slice(&self.prefix);
        let items = Items::Tuple(values);
        match encode::append_all(self.types.iter(), &items, self.heads, &mut out) {
            Ok(()) => Ok(PyBytes::new(py, &out).into_any()),
            Err(Unfit) => match &self.encode {
                Some(otherwise) => otherwise.bind(py).call1(values),
                None => Err(PyValueError::new_err("values that do not fit their types")),
            },
        }
    }

    /// Return the values that *data* holds, behind the prefix, as a tuple.
    fn decode<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match self.read(data) {
            Ok(values) => Ok(values.into_any()),
            Err(Unfit) => match &self.decode {
                Some(otherwise) => otherwise.bind(data.py()).call1((data,)),
                None => Err(PyValueError::new_err("data that does not fit its types")),
            },
        }
    }
}

impl Coder {
    fn read<'py>(&self, data: &Bound<'py, PyAny>) -> Result<Bound<'py, PyTuple>, Unfit> {
        let bytes = data.cast::<PyBytes>().map_err(|_| Unfit)?.as_bytes();
        let bytes = bytes.strip_prefix(self.prefix.as_slice()).ok_or(Unfit)?;
        Reader::new(data.py(), bytes).all(self.types.iter(), 0, self.heads)
    }
}

/// Decodes one event. Where a log does not fit, *decode* has the word, as in a `Coder`.
#[pyclass(module = "fictra_twin_engine", frozen)]
pub struct EventCoder {
    names: Vec<Py<PyString>>,
    places: Vec<Place>,
    heads: usize, // bytes of the heads in the data
    topics: usize,
    decode: Option<Py<PyAny>>,
}

/// Where an argument is: in the next topic, as the type or as a hash, or next in the data.
enum Place {
    Topic(Type),
    Data(Type),
}

#[pymethods]
impl EventCoder {
    /// Compile the arguments: *names*, each once, with *types* and whether they are *indexed*.
    #[new]
    #[pyo3(signature = (names, types, indexed, *, decode=None))]
    fn new(
        py: Python<'_>,
        names: Vec<String>,
        types: Vec<String>,
        indexed: Vec<bool>,
        decode: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        if names.len() != types.len() || names.len() != indexed.len() {
            let words = "names, types and indexed are not of one length";
            return Err(PyValueError::new_err(words));
        }
        if names.iter().collect::<HashSet<_>>().len() < names.len() {
            return Err(PyValueError::new_err("two arguments of one name"));
        }
        let mut made = Self {
            names: names
                .iter()
                .map(|name| PyString::intern(py, name).unbind())
                .collect(),
            places: Vec::new(),
            heads: 0,
            topics: 0,
            decode,
        };
        for (kind, indexed) in compiled(&types)?.into_iter().zip(indexed) {
            if indexed {
                made.topics += 1;
                made.places.push(Place::Topic(topic(kind)));
            } else {
                made.heads += kind.head();
                made.places.push(Place::Data(kind));
            }
        }
        Ok(made)
    }

    /// Return the arguments by name, in their order, of a log with *topics* and *data*.
    fn decode<'py>(
        &self,
        topics: &Bound<'py, PyAny>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.read(topics, data) {
            Ok(values) => Ok(values.into_any()),
            Err(Unfit) => match &self.decode {
                Some(otherwise) => otherwise.bind(data.py()).call1((topics, data)),
                None => Err(PyValueError::new_err("a log that does not fit its event")),
            },
        }
    }
}

impl EventCoder {
    fn read<'py>(
        &self,
        topics: &Bound<'py, PyAny>,
        data: &Bound<'py, PyAny>,
    ) -> Result<Bound<'py, PyDict>, Unfit> {
        let py = data.py();
        let topics = Items::of(topics)?;
        if topics.len() != self.topics + 1 {
            return Err(Unfit);
        }
        let bytes = data.cast::<PyBytes>().map_err(|_| Unfit)?.as_bytes();
        let mut reader = Reader::new(py, bytes);
        reader.claim(0, self.heads)?;
        let found = PyDict::new(py);
        let (mut at, mut next) = (0, 1);
        for (name, place) in self.names.iter().zip(&self.places) {
            let value = match place {
                Place::Data(kind) => {
                    let value = reader.one(kind, at, (0, self.heads))?;
                    at += kind.head();
                    value
                }
                Place::Topic(kind) => {
                    let topic = topics.get(next)?;
                    next += 1;
                    let word = topic.cast::<PyBytes>().map_err(|_| Unfit)?.as_bytes();
                    Reader::new(py, word).fixed(kind, 0)?
                }
            };
            found.set_item(name, value)?;
        }
        Ok(found)
    }
}

/// What stands in a topic for *kind*: itself where it is a single word, a hash otherwise.
fn topic(kind: Type) -> Type {
    match kind.kind {
        Kind::Bytes | Kind::Text | Kind::Array(_) | Kind::Sized(..) | Kind::Tuple(_) => Type {
            kind: Kind::Fixed(WORD),
            size: Some(WORD),
        },
        _ => kind,
    }
}

fn compiled(types: &[String]) -> PyResult<Vec<Type>> {
    let compile = |name: &String| {
        Type::new(name).map_err(|_| PyValueError::new_err(format!("no type is called {name}")))
    };
    types.iter().map(compile).collect()
}
