//! The server's hook: writes down what has landed.

use std::process::ExitCode;

use treewarden::ambient::Ambient;
use treewarden::post_receive::post_receive;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let (mut stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    post_receive(&arguments, &mut stdin, &mut stderr, &Ambient::read()).into()
}
