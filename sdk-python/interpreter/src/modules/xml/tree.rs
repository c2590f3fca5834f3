//! Elements that are being built: objects of the class that the standard library's accelerator defines.

use rustpython_vm::{
    AsObject, PyObjectRef, PyRef, PyResult, VirtualMachine,
    builtins::{PyDictRef, PyStr, PyStrInterned},
};

/// An element whose end has not been met.
struct Open {
    element: PyObjectRef,
    children: Vec<PyObjectRef>,
}

/// The elements so far.
pub struct Tree<'a> {
    class: PyObjectRef,
    extend: PyObjectRef,
    text_name: &'a PyStrInterned,
    tail_name: &'a PyStrInterned,
    open: Vec<Open>,
    /// What was closed last and has no tail yet, or the root at the end.
    last: Option<PyObjectRef>,
    /// Text since the last tag.
    text: String,
}

impl<'a> Tree<'a> {
    /// No elements yet; `class` is `Element`.
    pub fn new(class: PyObjectRef, vm: &'a VirtualMachine) -> PyResult<Self> {
        let extend = class.get_attr("extend", vm)?;
        let (text_name, tail_name) = (vm.ctx.intern_str("text"), vm.ctx.intern_str("tail"));
        Ok(Self { class, extend, text_name, tail_name, open: Vec::new(), last: None, text: String::new() })
    }

    /// Adds text.
    #[inline]
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a character.
    pub fn character(&mut self, character: char) {
        self.text.push(character);
    }

    /// Opens an element.
    pub fn start(
        &mut self,
        tag: PyRef<PyStr>,
        attributes: Option<PyDictRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        self.flush(vm)?;
        let element = match attributes {
            Some(attributes) => self.class.call((tag, attributes), vm)?,
            None => self.class.call((tag,), vm)?,
        };
        self.open.push(Open { element, children: Vec::new() });
        Ok(())
    }

    /// Closes the innermost element.
    pub fn end(&mut self, vm: &VirtualMachine) -> PyResult<()> {
        self.flush(vm)?;
        let Some(Open { element, children }) = self.open.pop() else { return Ok(()) };
        if !children.is_empty() {
            self.extend.call((element.clone(), vm.ctx.new_list(children)), vm)?;
        }
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(element.clone());
        }
        self.last = Some(element);
        Ok(())
    }

    /// The root, once it is closed.
    pub fn root(self) -> Option<PyObjectRef> {
        if self.open.is_empty() { self.last } else { None }
    }

    /// Gives the text to the element that it belongs to: the one that was closed last, else the innermost that is open.
    fn flush(&mut self, vm: &VirtualMachine) -> PyResult<()> {
        let closed = self.last.take();
        if self.text.is_empty() {
            return Ok(());
        }
        let text = vm.ctx.new_str(self.text.as_str());
        self.text.clear();
        match (&closed, self.open.last()) {
            (Some(closed), _) => closed.as_object().set_attr(self.tail_name, text, vm),
            (None, Some(open)) => open.element.as_object().set_attr(self.text_name, text, vm),
            (None, None) => Ok(()),
        }
    }
}
