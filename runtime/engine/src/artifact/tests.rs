//! Stripped components behave as whole ones; state outside of memory is found; foreign bytes are refused.

use super::inspect::outside_state;
use super::strip::{StripError, strip};

fn component(core: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {core} (core instance (instantiate 0)))")).unwrap()
}

#[test]
fn takes_out_constant_segments_and_keeps_the_rest() {
    let wasm = component(
        r#"(core module
            (memory 2)
            (global $g (mut i32) (i32.const 5))
            (data (i32.const 16) "hello")
            (data $passive "stays")
            (data (i32.const 70000) "far"))"#,
    );
    let stripped = strip(&wasm).unwrap();
    assert_eq!(stripped.memories, vec![vec![(16, b"hello".to_vec()), (70_000, b"far".to_vec())]]);
    let text = String::from_utf8_lossy(&stripped.wasm).into_owned();
    assert!(!text.contains("hello") && text.contains("stays"));
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(&stripped.wasm)
        .unwrap();
}

#[test]
fn memories_are_listed_in_the_order_in_which_they_are_made() {
    let wasm = wat::parse_str(
        r#"(component
            (core module $a (memory 1) (data (i32.const 0) "a"))
            (core module $b (memory 1) (memory 1) (data (memory 1) (i32.const 0) "b"))
            (core instance (instantiate $b))
            (core instance (instantiate $a))
            (core instance (instantiate $b)))"#,
    )
    .unwrap();
    let memories = strip(&wasm).unwrap().memories;
    let b = [vec![], vec![(0, b"b".to_vec())]];
    assert_eq!(memories, [&b[..], &[vec![(0, b"a".to_vec())]], &b[..]].concat());
}

#[test]
fn data_of_imported_memories_stays() {
    let wasm = wat::parse_str(
        r#"(component
            (core module $a (memory (export "m") 1))
            (core module $b (import "a" "m" (memory 1)) (data (i32.const 3) "stays"))
            (core instance $i (instantiate $a))
            (core instance (instantiate $b (with "a" (instance $i)))))"#,
    )
    .unwrap();
    let stripped = strip(&wasm).unwrap();
    assert_eq!(stripped.memories, vec![Vec::new()]);
    assert!(String::from_utf8_lossy(&stripped.wasm).contains("stays"));
}

#[test]
fn components_with_nested_code_are_left_whole() {
    let wasm = wat::parse_str(
        r#"(component
            (component (core module (memory 1) (data (i32.const 0) "x")) (core instance (instantiate 0)))
            (core module (memory 1) (data (i32.const 0) "y"))
            (core instance (instantiate 0)))"#,
    )
    .unwrap();
    let stripped = strip(&wasm).unwrap();
    assert_eq!(stripped.wasm, wasm);
    assert!(stripped.memories.is_empty());
}

#[test]
fn refuses_what_is_no_component() {
    assert!(matches!(strip(&wat::parse_str("(module)").unwrap()), Err(StripError::CoreModule)));
    assert!(strip(b"").is_err());
    assert!(strip(b"<html>a page that says not found</html>").is_err());
    let wasm = component(r#"(core module (memory 1) (data (i32.const 1) "abcdef"))"#);
    for end in 1..wasm.len() {
        // Truncated anywhere: an error, or a prefix that happens to be well-formed; never a panic.
        drop(strip(&wasm[..end]));
    }
}

#[test]
fn data_behind_the_end_of_its_memory_stays_and_traps() {
    let wasm = component(r#"(core module (memory 1) (data (i32.const 65531) "abcdef"))"#);
    let stripped = strip(&wasm).unwrap();
    assert_eq!(stripped.memories, vec![Vec::new()]);
    assert!(String::from_utf8_lossy(&stripped.wasm).contains("abcdef"));
}

#[test]
fn refuses_what_would_unfold_into_very_much() {
    let data = format!(r#"(core module (memory 160) (data (i32.const 0) "{}"))"#, "x".repeat(9 << 20));
    let instances = "(core instance (instantiate 0))".repeat(60);
    let wasm = wat::parse_str(format!("(component {data} {instances})")).unwrap();
    assert!(matches!(strip(&wasm), Err(StripError::TooMuch)));
    let instances = "(core instance (instantiate 0))".repeat(65);
    let wasm = wat::parse_str(format!("(component (core module) {instances})")).unwrap();
    assert!(matches!(strip(&wasm), Err(StripError::TooMuch)));
}

#[test]
fn finds_state_outside_of_memory() {
    let plain = component("(core module (memory 1) (global (mut i32) (i32.const 0)))");
    assert!(outside_state(&plain).unwrap().memory_is_all());
    let globals =
        component("(core module (global (mut i32) (i32.const 0)) (global (mut i64) (i64.const 0)))");
    assert!(!outside_state(&globals).unwrap().memory_is_all());
    let table =
        component("(core module (table 1 funcref) (func (table.set 0 (i32.const 0) (ref.null func))))");
    assert!(!outside_state(&table).unwrap().memory_is_all());
}
