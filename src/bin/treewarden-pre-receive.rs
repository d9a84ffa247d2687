//! The server's hook: judges a push before it is accepted.

use std::process::ExitCode;

use treewarden::ambient::Ambient;
use treewarden::hook::pre_receive;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let (mut stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    pre_receive(&arguments, &mut stdin, &mut stderr, &Ambient::read()).into()
}
