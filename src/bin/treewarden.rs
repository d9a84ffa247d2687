//! The command line; see `treewarden --help`.

use std::process::ExitCode;

use clap::Parser;
use treewarden::ambient::Ambient;
use treewarden::cli;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let (mut stdout, mut stderr) = (std::io::stdout(), std::io::stderr());
    cli::run(&arguments, &Ambient::read(), &mut stdout, &mut stderr).into()
}
