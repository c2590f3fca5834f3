//! The contract with the host, generated from `wit/`.
//!
//! Everything is lowered synchronously, `async func` included: Python blocks its own instance, which is the whole sandbox.
#![allow(missing_docs, unsafe_code)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "caisson:service/interpreter",
    generate_all,
    async: ["-all"],
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export",
});
