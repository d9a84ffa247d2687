//! The pusher's hook: judges a push before anything is sent.

use std::process::ExitCode;

use treewarden::ambient::Ambient;
use treewarden::pre_push::pre_push;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let (mut stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    pre_push(&arguments, &mut stdin, &mut stderr, &Ambient::read()).into()
}
