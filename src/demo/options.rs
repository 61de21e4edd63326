//! What can be asked of the demo.

use std::net::SocketAddr;
use std::time::Duration;

/// How the demo is played.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// How long to play; until Ctrl-C where absent (15s, 2m, 1h)
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Share of events that break a commitment
    #[arg(long, value_name = "PERCENT", default_value = "2%", value_parser = share)]
    pub violations: f64,
    /// Events a second
    #[arg(long, value_name = "N", default_value = "2000", value_parser = rate)]
    pub rate: u32,
    /// The same seed plays the same events
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the status page, /metrics, /healthz and /readyz listen [default: 127.0.0.1:9464, or a free port]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Tell each planted violation
    #[arg(long)]
    pub show_planted: bool,
    /// Whether to show live counts on standard error.
    #[arg(skip)]
    pub live: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            duration: None,
            violations: 0.02,
            rate: 2000,
            seed: 1,
            listen: None,
            show_planted: false,
            live: false,
        }
    }
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let refused = "expected a number and a unit: 15s, 2m or 1h";
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split).ok_or(refused)?;
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(refused),
    };
    let number: u64 = number.parse().map_err(|_| refused)?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

fn share(text: &str) -> Result<f64, &'static str> {
    let refused = "expected a percentage from 0% to 100%";
    let number: f64 = text.trim_end_matches('%').trim().parse().map_err(|_| refused)?;
    if (0.0..=100.0).contains(&number) { Ok(number / 100.0) } else { Err(refused) }
}

fn rate(text: &str) -> Result<u32, &'static str> {
    let refused = "expected a number of events a second, from 1 to 1000000";
    let number: u32 = text.trim_end_matches("/s").parse().map_err(|_| refused)?;
    if (1..=1_000_000).contains(&number) { Ok(number) } else { Err(refused) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_shares_and_rates_are_read_as_people_write_them() {
        assert_eq!(duration("15s"), Ok(Duration::from_secs(15)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("soon").is_err() && duration("1d").is_err() && duration("").is_err());
        assert_eq!(share("2%"), Ok(0.02));
        assert_eq!(share("0"), Ok(0.0));
        assert!(share("101%").is_err() && share("NaN").is_err());
        assert_eq!(rate("500/s"), Ok(500));
        assert!(rate("0").is_err() && rate("fast").is_err());
    }
}
