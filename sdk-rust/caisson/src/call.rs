//! From an async function to a service: what may be its arguments, and what it may answer.

use crate::bindings::caisson::service::types as wit;
use crate::{Context, Error, Json, Request, Response, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What an argument of a service is made from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a service",
    label = "no service is given this",
    note = "a service takes `Context`, `Request`, `Json<T>` with a `T` that implements `serde::Deserialize`, `String` or `Vec<u8>`"
)]
pub trait FromCall: Sized {
    /// Makes it, leaving the message for other arguments.
    ///
    /// # Errors
    ///
    /// `invalid-input`: the message is not such.
    fn from_call(context: &Context, request: &Request) -> Result<Self>;

    /// Makes the last argument, which may take what it needs.
    ///
    /// # Errors
    ///
    /// As [`FromCall::from_call`].
    fn from_last(context: Context, request: Request) -> Result<Self> {
        Self::from_call(&context, &request)
    }
}

impl FromCall for Context {
    fn from_call(context: &Context, _: &Request) -> Result<Self> {
        Ok(context.clone())
    }
}

impl FromCall for Request {
    fn from_call(_: &Context, request: &Request) -> Result<Self> {
        Ok(request.clone())
    }

    fn from_last(_: Context, request: Request) -> Result<Self> {
        Ok(request)
    }
}

impl<T: DeserializeOwned> FromCall for Json<T> {
    fn from_call(_: &Context, request: &Request) -> Result<Self> {
        request.json().map(Json)
    }
}

impl FromCall for String {
    fn from_call(_: &Context, request: &Request) -> Result<Self> {
        request.text().map(str::to_owned)
    }
}

impl FromCall for Vec<u8> {
    fn from_call(_: &Context, request: &Request) -> Result<Self> {
        Ok(request.body.clone())
    }

    fn from_last(_: Context, request: Request) -> Result<Self> {
        Ok(request.body)
    }
}

/// What a service may answer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a service",
    label = "no answer is made of this",
    note = "a service answers `Response`, `Json<T>` with a `T` that implements `serde::Serialize`, text, bytes or `()`, or a `Result` \
            of one of these whose error is `caisson::Error` or turns into it"
)]
pub trait IntoAnswer {
    /// Makes the answer.
    ///
    /// # Errors
    ///
    /// The error that was answered; `internal` when the value cannot be written as JSON.
    fn into_answer(self) -> Result<Response>;
}

impl IntoAnswer for Response {
    fn into_answer(self) -> Result<Response> {
        Ok(self)
    }
}

impl<T: Serialize> IntoAnswer for Json<T> {
    fn into_answer(self) -> Result<Response> {
        Response::json(&self.0)
    }
}

impl IntoAnswer for String {
    fn into_answer(self) -> Result<Response> {
        Ok(Response::text(self))
    }
}

impl IntoAnswer for &str {
    fn into_answer(self) -> Result<Response> {
        Ok(Response::text(self))
    }
}

impl IntoAnswer for Vec<u8> {
    fn into_answer(self) -> Result<Response> {
        Ok(Response::new(self))
    }
}

impl IntoAnswer for () {
    fn into_answer(self) -> Result<Response> {
        Ok(Response::default())
    }
}

impl<T: IntoAnswer, E: Into<Error>> IntoAnswer for Result<T, E> {
    fn into_answer(self) -> Result<Response> {
        self.map_err(Into::into)?.into_answer()
    }
}

/// An async function that answers messages. Implemented for functions of up to four arguments that implement [`FromCall`] and
/// an answer that implements [`IntoAnswer`].
pub trait Handler<Arguments> {
    /// Answers one message.
    fn call(self, context: Context, request: Request) -> impl Future<Output = Result<Response>>;
}

macro_rules! handler {
    ($($argument:ident)* ; $($last:ident)?) => {
        impl<F, O, $($argument,)* $($last)?> Handler<($($argument,)* $($last,)?)> for F
        where
            F: AsyncFnOnce($($argument,)* $($last)?) -> O,
            O: IntoAnswer,
            $($argument: FromCall,)*
            $($last: FromCall)?
        {
            #[allow(unused_variables, reason = "a function may have no argument at all")]
            async fn call(self, context: Context, request: Request) -> Result<Response> {
                self(
                    $($argument::from_call(&context, &request)?,)*
                    $($last::from_last(context, request)?)?
                ).await.into_answer()
            }
        }
    };
}

handler!(;);
handler!(; A);
handler!(A; B);
handler!(A B; C);
handler!(A B C; D);

/// Answers one call of the host.
#[doc(hidden)]
pub async fn run<A>(
    handler: impl Handler<A>,
    context: wit::Context,
    request: wit::Request,
) -> Result<wit::Response, wit::Error> {
    let answer = handler.call(Context::new(context), Request::from_wit(request)).await;
    answer.map(Response::into_wit).map_err(Error::into_service)
}

/// Says at an argument's own place that it cannot be one.
#[doc(hidden)]
pub const fn argument<T: FromCall>() {}

/// Says at the answer's own place that it cannot be one.
#[doc(hidden)]
pub const fn outcome<T: IntoAnswer>() {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::testing::Host;
    use serde_json::{Value, json};

    #[test]
    fn arguments_come_in_any_order_and_number() {
        let host = Host::new().principal("ada").attempt(2);
        let message = r#"{"n": 1}"#;
        let all = async |body: Vec<u8>, context: Context, input: Json<Value>, request: Request| {
            let principal = context.principal().map_or("", |principal| principal.name.as_str());
            Json(json!([body.len(), principal, context.attempt(), *input, request.text().unwrap()]))
        };
        let expected = json!([8, "ada", 2, {"n": 1}, message]);
        assert_eq!(host.call(all, message).unwrap().read_json::<Value>().unwrap(), expected);
        assert_eq!(host.call(async || {}, message).unwrap(), Response::default());
        assert_eq!(host.call(async |text: String| text, message).unwrap().body(), message.as_bytes());
    }

    #[test]
    fn any_error_becomes_one_that_the_caller_may_read() {
        let host = Host::new();
        for (error, kind, message) in [
            (
                host.call(async || "x".parse::<u8>().map(|_| ()), "").unwrap_err(),
                ErrorKind::Internal,
                "the service failed",
            ),
            (
                host.call(async || Err::<(), _>(Error::conflict("taken")), "").unwrap_err(),
                ErrorKind::Conflict,
                "taken",
            ),
            (
                host.call(async |_: String| (), vec![0xff]).unwrap_err(),
                ErrorKind::InvalidInput,
                "the message is no text: invalid utf-8 sequence of 1 bytes from index 0",
            ),
        ] {
            assert_eq!((error.kind(), error.message()), (kind, message));
        }
        let failed = host.call(async || "x".parse::<u8>().map(|_| ()), "").unwrap_err();
        assert_eq!(failed.log_detail(), Some("invalid digit found in string"));
    }

    #[test]
    fn an_answer_in_pieces_is_seen_whole() {
        let host = Host::new();
        let service = async || {
            let mut answer = crate::answer::begin(201, &[("x-a", "1")])?;
            answer.write("one ").await?;
            answer.write("two").await?;
            crate::answer::begin(200, &[]).map(drop)
        };
        assert_eq!(host.call(service, "").unwrap_err().kind(), ErrorKind::InvalidInput);
        let pieces = host.pieces().unwrap();
        assert_eq!(
            (pieces.code(), pieces.body(), pieces.get_header("X-A")),
            (201, &b"one two"[..], Some("1"))
        );
    }
}
