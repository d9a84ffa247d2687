//! `--format`, for every command that prints findings or remarks.

use std::io::{self, Write};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::ambient::Ambient;
use crate::report::palette::Palette;
use crate::report::{Format, Report};

/// How findings are printed.
#[derive(Debug, Args)]
pub struct Output {
    /// How to print what is found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Output {
    /// Prints the report: as text on `stderr`, in any other format on `stdout`.
    pub fn print(
        &self,
        report: &Report<'_>,
        ambient: &Ambient,
        stdout: &mut dyn Write,
        stderr: &mut dyn Write,
    ) -> io::Result<()> {
        let palette = Palette::new(ambient.colour);
        report.write(self.format, &palette, stdout, stderr)
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.purpose()))
    }
}
