//! The generated function.
//!
//! What is ours has a span of its own kind ([`located_at`]): shown at the user's place, known as an
//! expansion's, so that no lint looks at it and no name of it can be meant by the user. What is the
//! user's keeps its tokens untouched, above all the braces of the body.
//!
//! Long on purpose: a function has six forms, and each stands here with its input and its output, so that what they
//! share and where they differ can be read in one place.

#[cfg(test)]
mod tests;

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, Result, ReturnType, Type};

use crate::args::{Args, located_at};
use crate::expectations;
use crate::function::{Function, Returns, STATIC, is_one_expression};

pub(crate) fn expand(args: &Args, function: &Function) -> Result<TokenStream> {
    let names = Names::new(args, function);
    let body = match function.returns()? {
        Returns::Async => names.asynchronous(),
        Returns::Value => names.value(),
        Returns::Future(output) => names.future(&output),
        Returns::Termination => names.termination(),
        Returns::Opaque => names.opaque(),
    };
    let Function {
        attributes,
        visibility,
        signature,
        ..
    } = function;
    let prologue = names.prologue();
    // The user's place for the braces too, or lints would take the whole function for ours.
    let mut block = Group::new(Delimiter::Brace, quote!(#prologue #body));
    block.set_span(function.body.span());
    let attributes = attributes.iter().map(expectations::of);
    Ok(quote!(#(#attributes)* #visibility #signature #block))
}

/// The pieces that the expansions share.
struct Names<'a> {
    args: &'a Args,
    function: &'a Function,
    span: Span,
    private: TokenStream,
    site: Ident,
    /// The name of the run, or the expression for none: a variable of a type that is dropped would
    /// cost each build some time.
    name: TokenStream,
}

impl<'a> Names<'a> {
    fn new(args: &'a Args, function: &'a Function) -> Self {
        let span = located_at(function.signature.ident.span());
        let private = args.private(span);
        let name = match args.name() {
            Some(_) => Ident::new("__notify_name", span).into_token_stream(),
            None => quote_spanned!(span=> #private::Option::None),
        };
        Self {
            args,
            function,
            span,
            private,
            site: Ident::new("__notify_site", span),
            name,
        }
    }

    /// Returns what each form names: the path to the library, the site and the name of the run, with their span.
    fn shared(&self) -> (&TokenStream, &Ident, &TokenStream, Span) {
        (&self.private, &self.site, &self.name, self.span)
    }

    /// What is known of the function when it is compiled, and the name of the run.
    ///
    /// It stands in a block of its own, out of sight of the body.
    fn prologue(&self) -> TokenStream {
        let (private, site, name, span) = self.shared();
        let site_static = Ident::new(STATIC, span);
        let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
        let of_program = program()
            .map(|[package, binary]| quote_spanned!(span=> .of_program(#package, #binary)));
        let wrapped = self
            .function
            .is_wrapped_main()
            .then(|| quote_spanned!(span=> .wrapped()));
        let arguments = self.args.settled(span);
        let run_name = self.args.name().map(|value| {
            let place = located_at(value.span());
            let private = self.args.private(place);
            let make = quote_spanned!(place=> #private::name(#site, || #value));
            quote_spanned!(span=> let #name = #make;)
        });
        quote_spanned! {span=>
            let #site = {
                static #site_static: #private::Site = {
                    enum __NotifyAt {}
                    #private::Site::new::<__NotifyAt>(
                        ::core::module_path!(),
                        ::core::cfg!(test),
                        ::core::cfg!(debug_assertions),
                        #version,
                    ) #arguments #of_program #wrapped
                };
                &#site_static
            };
            #run_name
        }
    }

    /// The user's body. A `match` around it, because a block in a block would be a finding.
    fn body(&self) -> TokenStream {
        let span = self.span;
        let body = &self.function.body;
        quote_spanned!(span=> match () { () => #body })
    }

    /// Takes hold of the arguments, the last one first: a closure drops what it holds in the order
    /// in which it was mentioned, a function drops its arguments from the last to the first.
    fn arguments(&self) -> TokenStream {
        let names = self.function.bound_names();
        if names.is_empty() {
            return TokenStream::new();
        }
        let span = self.span;
        // A name that says of itself that it is not used is mentioned by us alone.
        let is_unused = |name: &Ident| name.to_string().starts_with('_');
        let allow = names
            .iter()
            .any(is_unused)
            .then(|| quote_spanned!(span=> #[allow(clippy::used_underscore_binding)]));
        quote_spanned!(span=> #allow let _ = (#(&#names,)*);)
    }

    /// The body as a closure that is called once: passed directly to what says so.
    ///
    /// ```ignore
    /// // Input:
    /// fn load(a: A, b: B) -> Result<usize, E> { BODY }
    /// // Output:
    /// move || -> Result<usize, E> {
    ///     let _ = (&b, &a);
    ///     match () { () => { BODY } }
    /// }
    /// ```
    fn closure(&self, output: &Type) -> TokenStream {
        let span = &self.span;
        let (arguments, body) = (self.arguments(), self.body());
        // At the function's own place, as the user's: messages of the borrow checker and lints keep
        // what they say of the function.
        let place = self.function.signature.ident.span();
        let arrow = match &self.function.signature.output {
            ReturnType::Default => quote_spanned!(*span=> ->),
            ReturnType::Type(arrow, _) => arrow.to_token_stream(),
        };
        let head = quote_spanned!(place=> move ||);
        quote_spanned!(*span=> #head #arrow #output { #arguments #body })
    }

    /// Recognizes the function whose value is `()`, of which nothing need be asked.
    fn returns_nothing(&self) -> bool {
        let output = &self.function.signature.output;
        matches!(output, ReturnType::Default) && !self.args.looks_at_errors()
    }

    /// From what was returned to an outcome, by its type; see the core's `classify`. The type must be
    /// known: of one that is still to be inferred the first rung would be taken.
    fn classify(&self, value: &TokenStream) -> TokenStream {
        let Self { private, span, .. } = self;
        quote_spanned! {*span=> {
            use #private::rungs::*;
            #value.__notify_rung().__notify_classify()
        }}
    }

    /// The same as a closure, which learns the type from where it is passed, and may have a filter.
    fn classify_value(&self) -> TokenStream {
        let Self { private, span, .. } = self;
        if self.returns_nothing() {
            return quote_spanned!(*span=> #private::nothing);
        }
        let classify = self.classify(&quote_spanned!(*span=> #private::look(__notify_value)));
        let verdict = quote_spanned!(*span=> (#classify.0)(__notify_value));
        if !self.args.looks_at_errors() {
            return quote_spanned!(*span=> |__notify_value| #verdict);
        }
        let error = Ident::new("__notify_failure", *span);
        let filtered = self.args.filter(&error);
        let filtered = filtered.map(|filter| quote_spanned!(*span=> .filtered(|| #filter)));
        let showing = self.args.has_rule().then(|| {
            quote_spanned! {*span=> .showing(&{
                use #private::finds::*;
                let __notify_probe = #error.__notify_bare().__notify_bare();
                (&&&&&&__notify_probe).__notify_find()
            })}
        });
        quote_spanned! {*span=> |__notify_value| {
            use #private::AnyValue as _;
            let __notify_verdict = #verdict;
            match (&#private::Probe(__notify_value)).__notify_split() {
                #private::Split::Value => __notify_verdict,
                #private::Split::Error(#error) => __notify_verdict #filtered #showing,
            }
        }}
    }

    /// A function that returns a value, or a boxed future: its type decides.
    ///
    /// ```ignore
    /// // Input:
    /// fn load(a: A, b: B) -> Result<usize, E> { BODY }
    /// // Output:
    /// fn load(a: A, b: B) -> Result<usize, E> {
    ///     let site = { static SITE: Site = Site { … }; &SITE };
    ///     let way = {
    ///         use rungs::*;
    ///         (&Returns::<Result<usize, E>>::new()).__notify_way().__notify_rung().__notify_classify()
    ///     };
    ///     let value = way.__notify_call(site, None, move || -> Result<usize, E> { … BODY });
    ///     return value;
    /// }
    /// ```
    fn value(&self) -> TokenStream {
        let (private, site, name, span) = self.shared();
        let output = self.function.output();
        let closure = self.closure(&output);
        if self.returns_nothing() {
            return quote_spanned! {span=>
                #private::run(#site, #name, #closure, #private::nothing);
            };
        }
        // A future of a type that cannot be followed is shown at the return type.
        let place = match &self.function.signature.output {
            ReturnType::Default => span,
            ReturnType::Type(_, output) => located_at(output.span()),
        };
        // A type that can be written need not be asked of the closure.
        let (body, returns, closure) = if self.function.is_written() {
            let returns = quote_spanned!(span=> #private::Returns::<#output>::new());
            (None, returns, closure)
        } else {
            let body = Ident::new("__notify_body", span);
            (
                Some(quote_spanned!(span=> let #body = #private::once(#closure);)),
                quote_spanned!(span=> #private::Returns::of(&#body)),
                body.to_token_stream(),
            )
        };
        let way = quote_spanned!(place=> __notify_way());
        let classify = self.classify(&quote_spanned!(span=> (&#returns).#way));
        let by = self.args.looks_at_errors().then(|| {
            let classify = self.classify_value();
            quote_spanned!(span=> .by(#classify))
        });
        let call = self
            .hand_back(&quote_spanned!(span=> __notify_way.__notify_call(#site, #name, #closure)));
        quote_spanned! {span=>
            #body
            let __notify_way = #classify #by;
            #call
        }
    }

    /// Returns the value of an expression: at once, for to the oldest compilers what comes after a value of a type that has
    /// none, such as `Infallible`, is unreachable. An opaque return type would be a hole in the expression's type that
    /// nothing fills.
    fn hand_back(&self, value: &TokenStream) -> TokenStream {
        let span = self.span;
        if self.function.never().is_some() {
            // After which a statement would be unreachable.
            value.clone()
        } else if self.function.is_written() {
            quote_spanned!(span=> return #value;)
        } else {
            quote_spanned! {span=>
                let __notify_value = #value;
                return __notify_value;
            }
        }
    }

    /// ```ignore
    /// // Input:
    /// fn load(a: A) -> impl Future<Output = X> { BODY }
    /// // Output:
    /// fn load(a: A) -> impl Future<Output = X> {
    ///     let future = make(site, &name, move || -> _ { … BODY });
    ///     let value = opaque::<X, _>(site, name, future, |value| CLASSIFY);
    ///     return value;
    /// }
    /// ```
    fn future(&self, output: &Type) -> TokenStream {
        let (private, site, name, span) = self.shared();
        let closure = self.closure(&self.function.output());
        let classify = self.classify_value();
        quote_spanned! {span=>
            let __notify_future = #private::make(#site, &#name, #closure);
            let __notify_value =
                #private::opaque::<#output, _>(#site, #name, __notify_future, #classify);
            return __notify_value;
        }
    }

    /// The exit code of an `impl Termination` can only be had in exchange for it: so the code is
    /// what is returned, and is an `impl Termination` too.
    fn termination(&self) -> TokenStream {
        let (private, site, name, span) = self.shared();
        let closure = self.closure(&self.function.output());
        let classify = self.classify_value();
        quote_spanned! {span=>
            let __notify_value = #private::terminate(#site, #name, #closure, #classify);
            return __notify_value;
        }
    }

    /// The body stays where it is: in a closure, `impl Fn(&str) -> &str` would lose its signature.
    ///
    /// ```ignore
    /// // Input:
    /// fn load(a: A) -> impl Fn(&str) -> &str { BODY }
    /// // Output:
    /// fn load(a: A) -> impl Fn(&str) -> &str {
    ///     let guard = Guard::new(site, name);
    ///     { BODY }
    /// }
    /// ```
    fn opaque(&self) -> TokenStream {
        let (private, site, name, span) = self.shared();
        // No `match` around it, which would keep from a closure in the body what type it should have.
        // The braces say by the rules of which edition temporaries are dropped, and so are the user's;
        // around a single expression, where they would be a finding, and no local is there to be dropped
        // before or after, they are ours.
        let mut body = self.function.body.clone();
        if is_one_expression(&body) {
            body.set_span(located_at(body.span()));
        }
        quote_spanned! {span=>
            let __notify_guard = #private::Guard::new(#site, #name);
            #body
        }
    }

    /// ```ignore
    /// // Input:
    /// async fn load(a: A, b: B) -> Result<usize, E> { BODY }
    /// // Output:
    /// async fn load(a: A, b: B) -> Result<usize, E> {
    ///     let mut frame = Frame::new(site, name);
    ///     let value = {
    ///         let body = once(move || async move {
    ///             let _ = (&b, &a);
    ///             // Only a `return` inside gives the block its type, for coercions and messages.
    ///             if let Some(value) = None::<Result<usize, E>> { return value; }
    ///             match () { () => { BODY } }
    ///         });
    ///         // Not around the block: of a body in a macro's arguments an editor shows no mistake but one at the attribute.
    ///         // And called there: what is moved there a debug build holds on the stack, too, at each level.
    ///         let future = pin!(body());
    ///         frame.follow(future).await
    ///     };
    ///     let classify = { use rungs::*; look(&value).__notify_rung().__notify_classify() };
    ///     let value = frame.finish(value, classify.0);
    ///     return value;
    /// }
    /// ```
    fn asynchronous(&self) -> TokenStream {
        let (private, site, name, span) = self.shared();
        let (arguments, body) = (self.arguments(), self.body());
        let place = self.function.signature.ident.span();
        let head = quote_spanned!(place=> async move);
        let typed_body = if let Some(never) = self.function.never() {
            // The one way to write it as a type; and nothing after it, which would be unreachable.
            quote_spanned!(span=> let _: <fn() -> #never as #private::Output>::Type = #body;)
        } else {
            let output = self.function.output();
            quote_spanned! {span=>
                if let #private::Option::Some(__notify_value) = #private::Option::None::<#output> {
                    return __notify_value;
                }
                #body
            }
        };
        let value = quote_spanned! {span=> {
            let __notify_body = #private::once(move || #head {
                #arguments
                #typed_body
            });
            let __notify_future = #private::pin!(__notify_body());
            #private::Frame::follow(&mut __notify_frame, __notify_future).await
        }};
        let end = if self.function.never().is_some() {
            quote_spanned!(span=> #private::Frame::never(__notify_frame, __notify_value))
        } else {
            let (classify, how) = if self.returns_nothing() || self.args.looks_at_errors() {
                (None, self.classify_value())
            } else {
                let value = quote_spanned!(span=> #private::look(&__notify_value));
                let classify = self.classify(&value);
                (
                    Some(quote_spanned!(span=> let __notify_classify = #classify;)),
                    quote_spanned!(span=> __notify_classify.0),
                )
            };
            let end = self.hand_back(
                &quote_spanned!(span=> #private::Frame::finish(__notify_frame, __notify_value, #how)),
            );
            quote_spanned!(span=> #classify #end)
        };
        quote_spanned! {span=>
            let mut __notify_frame = #private::Frame::new(#site, #name);
            let __notify_value = #value;
            #end
        }
    }
}

/// The package and the program that is compiled, where it is a program: the same all through it, so
/// that nothing need be looked up by the expansion.
fn program() -> Option<[String; 2]> {
    let variable = |name| std::env::var(name).ok();
    // Every build script is a crate of the same name.
    let is_script = |name: &String| name.starts_with("build_script_");
    let script = || variable("CARGO_CRATE_NAME").filter(is_script);
    let binary = variable("CARGO_BIN_NAME")
        .or_else(|| Some(script()?.replacen("build_script_", "build-script-", 1)));
    Some([variable("CARGO_PKG_NAME")?, binary?])
}
