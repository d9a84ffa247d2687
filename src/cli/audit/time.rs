//! `--since` and `--until`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::error::Error;
use crate::report::escape::Shown;

/// Which moment of a day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The first.
    Begin,
    /// The last.
    Last,
}

/// A time, a day in UTC, or how long before `now`.
pub fn parse(text: &str, now: Timestamp, end: End) -> Result<Timestamp, Error> {
    let found = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| day(text.parse().ok()?, end))
        .or_else(|| ago(text.parse().ok()?, now));
    found.ok_or_else(|| {
        let shown = Shown(text.as_bytes());
        Error::Usage(format!(
            "`{shown}` is no time: write 2026-12-01T12:00:00Z, 2026-12-01 (UTC), or how long ago, \
             such as 2h or 7d"
        ))
    })
}

fn day(day: Date, end: End) -> Option<Timestamp> {
    let begin = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp());
    match end {
        End::Begin => begin(day),
        End::Last => begin(day.tomorrow().ok()?)?
            .checked_sub(Span::new().nanoseconds(1))
            .ok(),
    }
}

fn ago(span: Span, now: Timestamp) -> Option<Timestamp> {
    let then = now.to_zoned(TimeZone::UTC).checked_sub(span.abs()).ok()?;
    Some(then.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_days_and_how_long_ago() {
        let now: Timestamp = "2026-11-29T06:00:00Z".parse().unwrap();
        for (text, end, want) in [
            ("2026-11-01T12:00:00Z", End::Begin, "2026-11-01T12:00:00Z"),
            ("2026-11-01", End::Begin, "2026-11-01T00:00:00Z"),
            ("2026-11-01", End::Last, "2026-11-01T23:59:59.999999999Z"),
            ("2h", End::Begin, "2026-11-29T04:00:00Z"),
            ("7d", End::Begin, "2026-11-22T06:00:00Z"),
        ] {
            assert_eq!(parse(text, now, end).unwrap().to_string(), want, "{text}");
        }
        assert!(parse("yesterday", now, End::Begin).is_err());
    }
}
