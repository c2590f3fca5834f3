//! Makes cargo rebuild the crate when a Python file of the SDK changes: the files are compiled into it by a macro, and
//! cargo does not know what a macro reads.

fn main() {
    for dir in ["../caisson", "../zato"] {
        println!("cargo:rerun-if-changed={dir}");
    }
}
