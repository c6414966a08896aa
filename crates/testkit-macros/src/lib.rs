//! `#[db_test]`: a test with a database of its own.

use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemFn, parse_macro_input};

/// `#[db_test] async fn it_works(db: PgPool) { … }`: the database is fresh, migrated and removed afterwards.
#[proc_macro_attribute]
pub fn db_test(_: TokenStream, test: TokenStream) -> TokenStream {
    let ItemFn { attrs, sig, block, .. } = parse_macro_input!(test as ItemFn);
    let (name, inputs, output) = (&sig.ident, &sig.inputs, &sig.output);
    quote! {
        #(#attrs)*
        #[test]
        fn #name() #output {
            async fn test(#inputs) #output #block
            ::testkit::run(module_path!(), stringify!(#name), test)
        }
    }
    .into()
}
