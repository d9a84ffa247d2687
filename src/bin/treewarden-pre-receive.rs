//! The server's hook: judges a push before it is accepted.

use std::process::ExitCode;

use treewarden::ambient::Ambient;
use treewarden::hook::pre_receive;

fn main() -> ExitCode {
    let arguments = std::env::args_os().count().saturating_sub(1);
    let (mut stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    pre_receive(arguments, &mut stdin, &mut stderr, &Ambient::read()).into()
}
