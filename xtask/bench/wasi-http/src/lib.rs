//! A component of `wasi:http` that answers as the service `hello` does.

use wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Hello;

impl wasi::exports::http::incoming_handler::Guest for Hello {
    fn handle(_request: IncomingRequest, outparam: ResponseOutparam) {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().expect("it has been taken once");
        ResponseOutparam::set(outparam, Ok(response));
        let stream = body.write().expect("it has been taken once");
        stream.blocking_write_and_flush(b"How goes it?").expect("the caller is there");
        drop(stream);
        OutgoingBody::finish(body, None).expect("all is written");
    }
}

wasi::http::proxy::export!(Hello);
