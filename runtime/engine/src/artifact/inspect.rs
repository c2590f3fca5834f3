//! Whether a module keeps state anywhere but in its memory. Putting memory back is a full reset only if it does not.

use wasmparser::{Operator, Parser, Payload};

/// The places besides memory where a component's core modules can keep state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OutsideState {
    /// Mutable globals, over all modules. One is the stack pointer, which every call puts back.
    pub(crate) mutable_globals: u32,
    /// Instructions that change a table, drop a segment or initialise from one.
    pub(crate) table_or_segment_changes: u32,
}

impl OutsideState {
    /// Memory and the stack pointer are all there is.
    pub(crate) fn memory_is_all(self) -> bool {
        self.mutable_globals <= 1 && self.table_or_segment_changes == 0
    }
}

/// Looks at every core module of a component.
///
/// # Errors
///
/// The bytes are not WebAssembly.
pub(crate) fn outside_state(wasm: &[u8]) -> wasmparser::Result<OutsideState> {
    let mut found = OutsideState::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::GlobalSection(reader) => {
                for global in reader {
                    found.mutable_globals += u32::from(global?.ty.mutable);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let mut operators = body.get_operators_reader()?;
                while !operators.eof() {
                    found.table_or_segment_changes += u32::from(changes_table_or_segment(&operators.read()?));
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn changes_table_or_segment(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::ElemDrop { .. }
            | Operator::MemoryInit { .. }
            | Operator::DataDrop { .. }
    )
}
