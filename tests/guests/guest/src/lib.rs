//! What all guests share: the bindings of the world `caisson:service/service`, and short forms for answers.

#[allow(missing_docs, reason = "generated from the contract, which documents itself")]
pub mod bindings {
    //! Generated from `wit/`. Everything is lowered synchronously.

    wit_bindgen::generate!({
        path: "../../../wit",
        world: "caisson:service/service",
        async: ["-all"],
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export",
    });
}

pub use bindings::caisson::service::types::{Context, Error, ErrorKind, Request, Response};
pub use bindings::caisson::service::{invoker, log};
pub use bindings::exports::caisson::service::handler::Guest;

/// An answer with status 200.
pub fn answer(body: impl Into<Vec<u8>>) -> Result<Response, Error> {
    Ok(Response { status: 200, headers: Vec::new(), body: body.into(), settlement: None })
}

/// Makes a function `fn(Context, Request) -> Result<Response, Error>` the handler of a component.
#[macro_export]
macro_rules! handler {
    ($function:path) => {
        struct Component;

        impl $crate::Guest for Component {
            fn handle(
                context: $crate::Context,
                request: $crate::Request,
            ) -> Result<$crate::Response, $crate::Error> {
                $function(context, request)
            }
        }

        $crate::bindings::export!(Component with_types_in $crate::bindings);
    };
}
