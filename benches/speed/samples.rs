//! Runs side by side, and what they say together.

use std::time::{Duration, Instant};

use crate::process::Job;

/// After this long a contest ends, once it had `FEWEST` rounds.
const LONGEST: Duration = Duration::from_secs(25);
const FEWEST: usize = 3;

/// What was measured, one value a run.
#[derive(Clone, Debug)]
pub struct Samples(pub Vec<f64>);

impl Samples {
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() % 2 {
            0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
            _ => sorted[middle],
        }
    }

    pub fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub fn most(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// What comes of two contestants, round by round.
    pub fn with(&self, other: &Self, what: impl Fn(f64, f64) -> f64) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(one, other)| what(*one, *other)).collect())
    }
}

/// Times the jobs in turn, `rounds` times over, after one run each that doesn't count. What else
/// the machine does meanwhile befalls all of them alike. Each job's times, in milliseconds; an
/// error is that of one job, and ends its part alone.
pub fn contest(jobs: &[Job], rounds: usize) -> Vec<Result<Samples, String>> {
    let mut found: Vec<Result<Vec<f64>, String>> = jobs
        .iter()
        .map(|job| job.rehearse().map(|()| Vec::new()))
        .collect();
    let started = Instant::now();
    for round in 0..rounds {
        if round >= FEWEST && started.elapsed() > LONGEST {
            break;
        }
        for (job, times) in jobs.iter().zip(&mut found) {
            if let Ok(values) = times {
                match job.time() {
                    Ok(taken) => values.push(taken),
                    Err(error) => *times = Err(error),
                }
            }
        }
    }
    found.into_iter().map(|times| times.map(Samples)).collect()
}

/// The most of a few runs' peaks, each in MiB.
pub fn peaks(job: &Job) -> Result<Samples, String> {
    (0..FEWEST)
        .map(|_| job.peak())
        .collect::<Result<_, _>>()
        .map(Samples)
}
