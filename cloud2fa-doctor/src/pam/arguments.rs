//! What a line asks of our module.

use crate::stack::{Kind, Module};
use cloud2fa::module_arguments::{BadArgument, ModuleArguments};

/// What our module makes of its arguments. `None` if the line names another module.
pub fn arguments_of(module: &Module) -> Option<Result<ModuleArguments, BadArgument>> {
    let arguments = module.arguments.iter().map(String::as_bytes);
    (module.kind == Kind::Ours).then(|| ModuleArguments::parse(arguments))
}
