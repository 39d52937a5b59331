//! The slots of Python's slotted classes, read and written without looking their names up.
//!
//! A slot is a member descriptor in the class. Its two functions are taken once; each checks by
//! itself that the object is of the class.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};
use pyo3::{BoundObject, ffi};

/// One slot of one class.
pub struct Slot {
    class: Py<PyType>,
    name: Py<PyString>,
    descriptor: Py<PyAny>,
    get: ffi::descrgetfunc,
    set: ffi::descrsetfunc,
}

impl Slot {
    /// The slot called *name* of *class*; `TypeError` where that is none.
    pub fn new(class: &Bound<'_, PyType>, name: &str) -> PyResult<Self> {
        let py = class.py();
        let descriptor = class.getattr(name)?;
        let kind = descriptor.get_type();
        if kind.name()? != "member_descriptor" {
            let words = format!("{}.{name} is no slot", class.name()?);
            return Err(PyTypeError::new_err(words));
        }
        // SAFETY: a live type; a member descriptor's has both functions, of these signatures.
        let (get, set) = unsafe {
            let get = ffi::PyType_GetSlot(kind.as_type_ptr(), ffi::Py_tp_descr_get);
            let set = ffi::PyType_GetSlot(kind.as_type_ptr(), ffi::Py_tp_descr_set);
            (
                std::mem::transmute::<*mut std::ffi::c_void, ffi::descrgetfunc>(get),
                std::mem::transmute::<*mut std::ffi::c_void, ffi::descrsetfunc>(set),
            )
        };
        Ok(Self {
            class: class.clone().unbind(),
            name: PyString::intern(py, name).unbind(),
            descriptor: descriptor.unbind(),
            get,
            set,
        })
    }

    /// The slots called *names* of *class*.
    pub fn all<const N: usize>(class: &Bound<'_, PyType>, names: [&str; N]) -> PyResult<[Self; N]> {
        let made = names.map(|name| Self::new(class, name));
        let mut found = Vec::with_capacity(N);
        for slot in made {
            found.push(slot?);
        }
        found
            .try_into()
            .map_err(|_| PyTypeError::new_err("as many slots as names"))
    }

    /// What *object* holds here; of an object of another class, its attribute of that name.
    pub fn get<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = object.py();
        if object.get_type_ptr() != self.class.as_ptr().cast() {
            return object.getattr(self.name.bind(py));
        }
        // SAFETY: three live objects; the result is a new reference or null with an exception set.
        unsafe {
            let class = self.class.as_ptr();
            let found = (self.get)(self.descriptor.as_ptr(), object.as_ptr(), class);
            Bound::from_owned_ptr_or_err(py, found)
        }
    }

    /// Let *object*, of the class, hold *value* here; a frozen class does not refuse that.
    pub fn set<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        value: impl IntoPyObject<'py>,
    ) -> PyResult<()> {
        let py = object.py();
        let value = value.into_pyobject(py).map_err(Into::into)?.into_any();
        let value = value.as_borrowed();
        // SAFETY: three live objects; an error is told by -1 with an exception set.
        let failed =
            unsafe { (self.set)(self.descriptor.as_ptr(), object.as_ptr(), value.as_ptr()) };
        if failed == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(py))
        }
    }
}

/// A class whose instances are made slot by slot, without calling it.
pub struct Maker<const N: usize> {
    class: Py<PyType>,
    slots: [Slot; N],
}

impl<const N: usize> Maker<N> {
    /// The maker of *class* with the slots *names*.
    pub fn new(class: Bound<'_, PyType>, names: [&str; N]) -> PyResult<Self> {
        Ok(Self {
            slots: Slot::all(&class, names)?,
            class: class.unbind(),
        })
    }

    /// An instance, and its slots to be filled.
    pub fn make<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, &[Slot; N])> {
        Ok((made(py, &self.class)?, &self.slots))
    }
}

/// Makes records of one slotted class from all their fields, in order; `__init__` is not called.
#[pyclass(module = "fictra_twin_engine", frozen)]
pub struct Record {
    class: Py<PyType>,
    slots: Vec<Slot>,
}

#[pymethods]
impl Record {
    /// What makes instances of *class*, whose *fields* are slots.
    #[new]
    fn new(class: &Bound<'_, PyType>, fields: Vec<String>) -> PyResult<Self> {
        let slots = fields.iter().map(|name| Slot::new(class, name));
        Ok(Self {
            slots: slots.collect::<PyResult<_>>()?,
            class: class.clone().unbind(),
        })
    }

    /// Return an instance that holds *values*, one for each field.
    #[pyo3(signature = (*values))]
    fn __call__<'py>(&self, values: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let py = values.py();
        if values.len() != self.slots.len() {
            let (given, wanted) = (values.len(), self.slots.len());
            let class = self.class.bind(py).name()?;
            let words = format!("{given} values for the {wanted} fields of {class}");
            return Err(PyTypeError::new_err(words));
        }
        let record = made(py, &self.class)?;
        for (slot, value) in self.slots.iter().zip(values.iter_borrowed()) {
            slot.set(&record, value)?;
        }
        Ok(record)
    }
}

/// An instance of *class* whose slots are empty.
fn made<'py>(py: Python<'py>, class: &Py<PyType>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: a live heap type without items; the result is a new reference or null with an
    // exception set.
    unsafe {
        let made = ffi::PyType_GenericAlloc(class.as_ptr().cast(), 0);
        Bound::from_owned_ptr_or_err(py, made)
    }
}
