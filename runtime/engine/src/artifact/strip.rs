//! Code and data apart: takes the active data segments out of a component's core modules and lays them out as the
//! memories will look after instantiation. The stripped component compiles to code that can begin on any image.

use wasm_encoder::{Encode, Section as _};
use wasmparser::{
    BinaryReader, ComponentAlias, ComponentAliasSectionReader, ComponentExternalKind,
    ComponentImportSectionReader, ComponentOuterAliasKind, ComponentTypeRef, ConstExpr, Data, DataKind,
    DataSectionReader, ImportSectionReader, Instance, InstanceSectionReader, MemorySectionReader, Operator,
    Parser, TypeRef,
};

/// Why a component cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StripError {
    /// Not WebAssembly, or damaged.
    #[error("this is not a WebAssembly component: {0}")]
    Invalid(#[from] wasmparser::BinaryReaderError),
    /// A core module: the older, simpler form.
    #[error(
        "this is a core WebAssembly module, not a component: build it for wasm32-wasip2, or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
    /// More than the engine would instantiate anyway.
    #[error("this component has more than {MAX_PARTS} core instances, or more than {} MiB of data", MAX_DATA >> 20)]
    TooMuch,
}

/// Core instances of one component.
const MAX_PARTS: usize = 64;

/// Bytes of data over all memories.
const MAX_DATA: usize = 256 << 20;

/// Bytes in a page of WebAssembly.
const WASM_PAGE: u64 = 65_536;

/// One memory's initial contents: its pieces in the order of their segments.
pub(crate) type Pieces = Vec<(usize, Vec<u8>)>;

/// A component without its data.
#[derive(Debug)]
pub(crate) struct Stripped {
    /// The component; equal to the input when nothing could be taken out.
    pub(crate) wasm: Vec<u8>,
    /// The memories' initial contents in the order in which instantiation makes them.
    pub(crate) memories: Vec<Pieces>,
}

/// What is known of one core module.
#[derive(Default)]
struct Module {
    imported_memories: u32,
    /// Sizes in bytes of the memories that the module defines.
    sizes: Vec<u64>,
    /// What they hold at first.
    memories: Vec<Pieces>,
}

/// Section numbers of the component binary format.
mod component {
    pub(super) const CORE_MODULE: u8 = 1;
    pub(super) const CORE_INSTANCE: u8 = 2;
    pub(super) const COMPONENT: u8 = 4;
    pub(super) const ALIAS: u8 = 6;
    pub(super) const IMPORT: u8 = 10;
}

/// Section numbers of the core binary format.
mod core {
    pub(super) const IMPORT: u8 = 2;
    pub(super) const MEMORY: u8 = 5;
    pub(super) const DATA: u8 = 11;
}

/// Strips a component. Components that make their memories in an order that cannot be told from the outside (nested
/// components with code of their own, modules that come from imports) are returned whole: their data is then copied by
/// every instantiation, which is slower and no less right.
///
/// # Errors
///
/// The bytes are not a component.
pub(crate) fn strip(wasm: &[u8]) -> Result<Stripped, StripError> {
    if Parser::is_core_wasm(wasm) {
        return Err(StripError::CoreModule);
    }
    let mut out = wasm.get(..HEADER).unwrap_or(wasm).to_vec();
    let mut modules: Vec<Module> = Vec::new();
    let mut order: Vec<u32> = Vec::new();
    for (id, content) in sections(wasm)? {
        match id {
            component::CORE_MODULE => {
                let (stripped, module) = strip_module(content)?;
                modules.push(module);
                write_section(&mut out, id, &stripped);
                continue;
            }
            component::CORE_INSTANCE => {
                for instance in InstanceSectionReader::new(BinaryReader::new(content, 0))? {
                    if let Instance::Instantiate { module_index, .. } = instance? {
                        order.push(module_index);
                    }
                }
            }
            _ if brings_code(id, content)? => {
                return Ok(Stripped { wasm: wasm.to_vec(), memories: Vec::new() });
            }
            _ => {}
        }
        write_section(&mut out, id, content);
    }
    let instances: Vec<&Module> = order.iter().filter_map(|index| modules.get(*index as usize)).collect();
    let pieces = instances.iter().flat_map(|module| module.memories.iter().flatten());
    if order.len() > MAX_PARTS || pieces.map(|(_, bytes)| bytes.len()).sum::<usize>() > MAX_DATA {
        return Err(StripError::TooMuch);
    }
    let memories = instances.iter().flat_map(|module| module.memories.iter().cloned()).collect();
    Ok(Stripped { wasm: out, memories })
}

/// Magic number, version and layer.
const HEADER: usize = 8;

/// The sections of a module or component as they stand in the file: number and content. Nested ones are not entered.
fn sections(wasm: &[u8]) -> Result<Vec<(u8, &[u8])>, StripError> {
    let mut reader = BinaryReader::new(wasm, 0);
    reader.read_bytes(HEADER)?;
    let mut found = Vec::new();
    while !reader.eof() {
        let id = reader.read_u8()?;
        let length = reader.read_var_u32()? as usize;
        found.push((id, reader.read_bytes(length)?));
    }
    Ok(found)
}

fn write_section(out: &mut Vec<u8>, id: u8, content: &[u8]) {
    out.push(id);
    content.encode(out);
}

/// Whether a section of a component makes core modules known, or core instances, that are not its own at top level.
fn brings_code(id: u8, content: &[u8]) -> Result<bool, StripError> {
    match id {
        component::COMPONENT => {
            for (id, content) in sections(content)? {
                if matches!(id, component::CORE_MODULE | component::CORE_INSTANCE)
                    || brings_code(id, content)?
                {
                    return Ok(true);
                }
            }
        }
        component::ALIAS => {
            for alias in ComponentAliasSectionReader::new(BinaryReader::new(content, 0))? {
                if brings_module(&alias?) {
                    return Ok(true);
                }
            }
        }
        component::IMPORT => {
            for import in ComponentImportSectionReader::new(BinaryReader::new(content, 0))? {
                if matches!(import?.ty, ComponentTypeRef::Module(_)) {
                    return Ok(true);
                }
            }
        }
        _ => {}
    }
    Ok(false)
}

fn brings_module(alias: &ComponentAlias<'_>) -> bool {
    matches!(
        alias,
        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. }
            | ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. }
    )
}

fn strip_module(wasm: &[u8]) -> Result<(Vec<u8>, Module), StripError> {
    let mut out = wasm.get(..HEADER).unwrap_or(wasm).to_vec();
    let mut module = Module::default();
    for (id, content) in sections(wasm)? {
        let reader = BinaryReader::new(content, 0);
        match id {
            core::IMPORT => {
                for import in ImportSectionReader::new(reader)?.into_imports() {
                    module.imported_memories += u32::from(matches!(import?.ty, TypeRef::Memory(_)));
                }
            }
            core::MEMORY => {
                for memory in MemorySectionReader::new(reader)? {
                    module.sizes.push(memory?.initial.saturating_mul(WASM_PAGE));
                    module.memories.push(Pieces::new());
                }
            }
            core::DATA => {
                let mut data = wasm_encoder::DataSection::new();
                for segment in DataSectionReader::new(reader)? {
                    take_segment(&segment?, &mut module, &mut data)?;
                }
                out.push(data.id());
                data.encode(&mut out);
                continue;
            }
            _ => {}
        }
        write_section(&mut out, id, content);
    }
    Ok((out, module))
}

/// Moves one segment into the module's memories, leaving an empty one so that the others keep their numbers, or copies
/// it when it cannot be moved: passive, an imported memory, an offset that is not a constant, or an end behind the memory's,
/// which has to trap.
fn take_segment(
    segment: &Data<'_>,
    module: &mut Module,
    out: &mut wasm_encoder::DataSection,
) -> Result<(), StripError> {
    let DataKind::Active { memory_index, offset_expr } = &segment.kind else {
        out.passive(segment.data.iter().copied());
        return Ok(());
    };
    let own = memory_index.checked_sub(module.imported_memories).map(|own| own as usize);
    let size = own.and_then(|own| module.sizes.get(own).copied()).unwrap_or(0);
    let start = constant(offset_expr)?
        .filter(|start| u64::from(*start) + segment.data.len() as u64 <= size)
        .and_then(|start| usize::try_from(start).ok());
    let pieces = own.and_then(|own| module.memories.get_mut(own));
    let (Some(pieces), Some(start)) = (pieces, start) else {
        let mut reader = offset_expr.get_binary_reader();
        let length = reader.bytes_remaining();
        // The raw expression ends with `end`, which the encoder adds by itself.
        let raw = reader.read_bytes(length.saturating_sub(1))?.iter().copied();
        out.active(*memory_index, &wasm_encoder::ConstExpr::raw(raw), segment.data.iter().copied());
        return Ok(());
    };
    pieces.push((start, segment.data.to_vec()));
    out.active(*memory_index, &wasm_encoder::ConstExpr::i32_const(0), std::iter::empty());
    Ok(())
}

/// The value of `i32.const N`, and `None` for any other expression.
fn constant(expression: &ConstExpr<'_>) -> Result<Option<u32>, StripError> {
    let mut reader = expression.get_operators_reader();
    let value = match reader.read()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    };
    let ends = matches!(reader.read()?, Operator::End);
    Ok(value.filter(|_| ends))
}
