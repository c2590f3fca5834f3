//! Generated from the contract in `wit/`.

#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated from the contract, which documents itself"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "caisson:service/service",
    generate_all,
    // A lock is given back when its guard is dropped, where nothing can be awaited.
    async: ["-import:caisson:service/lock@0.1.0#release"],
    pub_export_macro: true,
    export_macro_name: "export",
    additional_derives: [PartialEq],
    additional_derives_ignore: ["error-kind", "level", "isolation", "incoming"],
});
