//! Whether all that an object needs is there: what git asks before it moves a ref.

use super::command::run;
use super::open::Repo;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::Oid;

impl Repo {
    /// Returns true if and only if everything that the object reaches, and no ref does yet, is here.
    /// git hands a push to its hook before it refuses the refs of which that isn't true, and moves
    /// the others.
    pub fn is_connected(&self, oid: Oid, budget: &Budget) -> Result<bool, Error> {
        let mut command = self.git.command(&self.git_dir);
        command
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.object_folders()?)
            .args([
                "rev-list",
                "--objects",
                "--quiet",
                "--exclude-promisor-objects",
            ])
            .args([&oid.to_string(), "--not", "--all"]);
        let answer = run(command, budget)?;
        Ok(answer.status == Some(0))
    }
}
