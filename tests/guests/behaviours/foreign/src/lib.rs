//! Imports an interface that no host offers.

mod bindings {
    wit_bindgen::generate!({
        path: "../../../../wit",
        inline: "
            package made-up:sky@1.2.3;

            interface moon {
                phase: func() -> u32;
            }

            world foreign {
                include caisson:service/service@0.1.0;
                import moon;
            }
        ",
        async: ["-all"],
        generate_all,
    });
}

use bindings::exports::caisson::service::handler::{Context, Error, Guest, Request, Response};

struct Component;

impl Guest for Component {
    fn handle(_: Context, _: Request) -> Result<Response, Error> {
        let phase = bindings::made_up::sky::moon::phase();
        Ok(Response {
            status: 200,
            headers: Vec::new(),
            body: phase.to_string().into_bytes(),
            settlement: None,
        })
    }
}

bindings::export!(Component with_types_in bindings);
