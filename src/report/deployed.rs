//! What is done to put a policy into force, a line a step.

use std::io::{self, Write};

use crate::deploy::{Deployment, KEY, OWN_FILE, Step};

/// Writes a line for each step, and for the symbolic link that has a part in it. `configured` is
/// what `treewarden.policy` said before.
pub fn write(
    out: &mut dyn Write,
    deployment: &Deployment<'_>,
    configured: Option<&str>,
) -> io::Result<()> {
    let target = deployment.target;
    let file = target.file.display();
    if let Some(to) = &target.link {
        let to = to.display();
        writeln!(
            out,
            "link:   {file} was a symbolic link to {to}, which stays as it is"
        )?;
    }
    for step in deployment.steps() {
        match step {
            Step::Keep => {
                let previous = target.previous();
                writeln!(out, "kept:   {} (the text from before)", previous.display())?;
            }
            Step::Replace => {
                let how = match deployment.before {
                    Some(_) => "replaced",
                    None => "new",
                };
                writeln!(out, "file:   {file} ({how})")?;
            }
            Step::Point => {
                let was = configured.map_or("not set".into(), |text| format!("`{text}`"));
                writeln!(out, "config: {KEY} = {OWN_FILE} (was {was})")?;
            }
        }
    }
    Ok(())
}
