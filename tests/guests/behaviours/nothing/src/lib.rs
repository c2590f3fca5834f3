//! A component of another world: it has no handler.

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package made-up:calculator;

            world calculator {
                export add: func(one: u32, other: u32) -> u32;
            }
        ",
    });
}

struct Component;

impl bindings::Guest for Component {
    fn add(one: u32, other: u32) -> u32 {
        one.wrapping_add(other)
    }
}

bindings::export!(Component with_types_in bindings);
