//! What a function returns, and how it hands that back.

use syn::{
    Error, GenericArgument, PathArguments, Result, ReturnType, Type, TypeImplTrait, TypeNever,
    TypeParamBound,
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
            ReturnType::Type(_, output) => erase((**output).clone()),
        }
    }

    /// Returns whether the return type can be written elsewhere.
    pub(crate) fn is_written(&self) -> bool {
        struct Unwritten(bool);
        impl<'ast> syn::visit::Visit<'ast> for Unwritten {
            fn visit_type_impl_trait(&mut self, _: &'ast TypeImplTrait) {
                self.0 = true;
            }
        }
        let mut unwritten = Unwritten(self.never().is_some());
        if let ReturnType::Type(_, output) = &self.signature.output {
            syn::visit::Visit::visit_type(&mut unwritten, output);
        }
        !unwritten.0
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
                return erase(argument.ty.clone());
            }
        }
    }
    syn::parse_quote!(_)
}

fn erase(mut output: Type) -> Type {
    struct Erase;
    impl syn::visit_mut::VisitMut for Erase {
        fn visit_type_mut(&mut self, node: &mut Type) {
            if matches!(node, Type::ImplTrait(_)) {
                *node = syn::parse_quote!(_);
            } else {
                syn::visit_mut::visit_type_mut(self, node);
            }
        }
    }
    syn::visit_mut::VisitMut::visit_type_mut(&mut Erase, &mut output);
    output
}
