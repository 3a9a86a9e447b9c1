//! What a function returns, and how it hands that back.

use syn::visit_mut::{self, VisitMut};
use syn::{
    Error, Expr, GenericArgument, PathArguments, Result, ReturnType, Type, TypeImplTrait,
    TypeInfer, TypeNever, TypeParamBound,
};

use super::Function;

/// How a function hands back its result.
pub(crate) enum Returns {
    /// By value, or a boxed future: the type decides.
    Value,
    /// By the future of an `async fn`.
    Async,
    /// `impl Future`, and the type of its output.
    Future(Box<Type>),
    /// `impl Termination`
    Termination,
    /// Another opaque type.
    Opaque,
}

impl Function {
    pub(crate) fn returns(&self) -> Result<Returns> {
        if self.signature.asyncness.is_some() {
            return Ok(Returns::Async);
        }
        let ReturnType::Type(_, output) = &self.signature.output else {
            return Ok(Returns::Value);
        };
        let Some(opaque) = opaque(output) else {
            return Ok(Returns::Value);
        };
        for bound in &opaque.bounds {
            let TypeParamBound::Trait(bound) = bound else {
                continue;
            };
            let Some(last) = bound.path.segments.last() else {
                continue;
            };
            match last.ident.to_string().as_str() {
                "Future" => return Ok(Returns::Future(Box::new(future_output(&last.arguments)))),
                "Termination" => return Ok(Returns::Termination),
                "IntoFuture" => {
                    let message = "`#[notify]` cannot follow an `IntoFuture`: make the function `async`, or return `impl Future<Output = …>`";
                    return Err(Error::new_spanned(opaque, message));
                }
                _ => {}
            }
        }
        Ok(Returns::Opaque)
    }

    /// The return type, with `_` for each `impl Trait` in it.
    pub(crate) fn output(&self) -> Type {
        match &self.signature.output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, output) => erased(output).0,
        }
    }

    /// Returns whether the return type can be written elsewhere.
    pub(crate) fn is_written(&self) -> bool {
        let is_opaque = match &self.signature.output {
            ReturnType::Type(_, output) => erased(output).1,
            ReturnType::Default => false,
        };
        !is_opaque && self.never().is_none()
    }

    /// The `!` of a function that never returns.
    pub(crate) fn never(&self) -> Option<&TypeNever> {
        match &self.signature.output {
            ReturnType::Type(_, output) => match &**output {
                Type::Never(never) => Some(never),
                _ => None,
            },
            ReturnType::Default => None,
        }
    }
}

fn opaque(output: &Type) -> Option<&TypeImplTrait> {
    match output {
        Type::ImplTrait(opaque) => Some(opaque),
        Type::Group(group) => opaque(&group.elem),
        Type::Paren(paren) => opaque(&paren.elem),
        _ => None,
    }
}

fn future_output(arguments: &PathArguments) -> Type {
    if let PathArguments::AngleBracketed(arguments) = arguments {
        for argument in &arguments.args {
            if let GenericArgument::AssocType(argument) = argument
                && argument.ident == "Output"
            {
                return erased(&argument.ty).0;
            }
        }
    }
    syn::parse_quote!(_)
}

/// Finds a `_` of the user's in a return type.
pub(super) fn blank(output: &Type) -> Option<TypeInfer> {
    struct Find(Option<TypeInfer>);
    impl VisitMut for Find {
        fn visit_type_infer_mut(&mut self, node: &mut TypeInfer) {
            self.0.get_or_insert_with(|| node.clone());
        }

        /// What stands in the length of an array the compiler knows: `[u8; LEN as _]`.
        fn visit_expr_mut(&mut self, _: &mut Expr) {}
    }
    let mut find = Find(None);
    find.visit_type_mut(&mut output.clone());
    find.0
}

/// Returns the type with `_` for each `impl Trait` in it, and whether there was one.
fn erased(output: &Type) -> (Type, bool) {
    struct Erase(bool);
    impl VisitMut for Erase {
        fn visit_type_mut(&mut self, node: &mut Type) {
            if matches!(node, Type::ImplTrait(_)) {
                *node = syn::parse_quote!(_);
                self.0 = true;
            } else {
                visit_mut::visit_type_mut(self, node);
            }
        }
    }
    let mut output = output.clone();
    let mut erase = Erase(false);
    erase.visit_type_mut(&mut output);
    (output, erase.0)
}
