//! The attribute that makes an async function a service.

#![forbid(unsafe_code)]

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, FnArg, ItemFn, ReturnType, Type};

/// Most arguments that a service may have.
const ARGUMENTS: usize = 4;

/// Makes an async function the service of this component.
///
/// Its arguments are any of `Context`, `Request`, `Json<T>`, `String` and `Vec<u8>`, in any order, or none at all. It answers a
/// `Response`, `Json<T>`, text, bytes or nothing, or a `Result` of these. A component has one service.
#[proc_macro_attribute]
pub fn service(attribute: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let item = TokenStream::from(item);
    match expand(&attribute.into(), item.clone()) {
        Ok(expanded) => expanded.into(),
        Err(error) => {
            // The function stays, so that this mistake is not followed by others about a function that is not there.
            let error = error.into_compile_error();
            quote!(#item #error).into()
        }
    }
}

fn expand(attribute: &TokenStream, item: TokenStream) -> Result<TokenStream, Error> {
    if !attribute.is_empty() {
        return Err(Error::new_spanned(attribute, "`#[caisson::service]` takes no options"));
    }
    let at = item.span();
    let function: ItemFn = syn::parse2(item)
        .map_err(|_| Error::new(at, "`#[caisson::service]` belongs above an async function"))?;
    check(&function)?;
    let checks = checks(&function);
    let name = &function.sig.ident;
    Ok(quote! {
        #function

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct CaissonService;

            impl ::caisson::__private::Guest for CaissonService {
                async fn handle(
                    context: ::caisson::__private::Context,
                    request: ::caisson::__private::Request,
                ) -> ::core::result::Result<::caisson::__private::Response, ::caisson::__private::Error> {
                    ::caisson::__private::run(#name, context, request).await
                }
            }

            ::caisson::__private::export!(CaissonService with_types_in ::caisson::__private::bindings);
        };

        const _: () = {
            // Where nothing is exported, nobody else may call it.
            let _ = #name;
            #checks
        };
    })
}

fn check(function: &ItemFn) -> Result<(), Error> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        let text = "a service is an async function: write `async fn`";
        return Err(Error::new_spanned(signature.fn_token, text));
    }
    if !signature.generics.params.is_empty() {
        let text = "a service cannot be generic: the host calls it with what a message has";
        return Err(Error::new_spanned(&signature.generics, text));
    }
    if let Some(argument) = signature.inputs.iter().nth(ARGUMENTS) {
        let text = format!("a service has at most {ARGUMENTS} arguments");
        return Err(Error::new_spanned(argument, text));
    }
    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(receiver) => {
                let text = "a service is a function of its own, without `self`";
                return Err(Error::new_spanned(receiver, text));
            }
            FnArg::Typed(typed) => {
                if let Type::Reference(reference) = &*typed.ty {
                    let text = "a service owns its arguments: leave out the `&`";
                    return Err(Error::new_spanned(reference, text));
                }
            }
        }
    }
    Ok(())
}

/// One check for each type of the signature, at its own place in the source.
fn checks(function: &ItemFn) -> TokenStream {
    let arguments = function.sig.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(typed) => Some(&typed.ty),
        FnArg::Receiver(_) => None,
    });
    let arguments = arguments.map(|of| {
        let span = located(of);
        quote_spanned!(span=> ::caisson::__private::argument::<#of>();)
    });
    let outcome = match &function.sig.output {
        ReturnType::Default => quote!(),
        // A type without a name has nothing that could be written here; the call itself is checked all the same.
        ReturnType::Type(_, of) if matches!(**of, Type::ImplTrait(_)) => quote!(),
        ReturnType::Type(_, of) => {
            let span = located(of);
            quote_spanned!(span=> ::caisson::__private::outcome::<#of>();)
        }
    };
    quote!(#(#arguments)* #outcome)
}

/// Where a type is written, with the names that the macro's own code needs.
fn located(of: &Type) -> Span {
    Span::call_site().located_at(of.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(options: &str, function: &str) -> String {
        let expanded = expand(&options.parse().unwrap(), function.parse().unwrap());
        expanded.map_or_else(|error| error.to_string(), |tokens| format!("no problem: {tokens}"))
    }

    #[test]
    fn what_cannot_be_a_service_is_refused_with_what_to_do() {
        for (options, function, says) in [
            ("", "fn handle() {}", "write `async fn`"),
            ("", "struct Handle;", "above an async function"),
            ("name = 1", "async fn handle() {}", "takes no options"),
            ("", "async fn handle<T>(it: T) {}", "cannot be generic"),
            ("", "async fn handle(request: &Request) {}", "leave out the `&`"),
            ("", "async fn handle(self) {}", "without `self`"),
            ("", "async fn handle(a: A, b: B, c: C, d: D, e: E) {}", "at most 4 arguments"),
        ] {
            let problem = problem(options, function);
            assert!(problem.contains(says), "{function}: {problem}");
        }
    }

    #[test]
    fn the_function_stays_as_it_is_written() {
        let expanded =
            problem("", "/// Hello.\npub async fn handle(request: Request) -> Response { answer(request) }");
        assert!(expanded.starts_with("no problem: "), "{expanded}");
        assert!(expanded.contains("pub async fn handle (request : Request) -> Response"), "{expanded}");
    }
}
