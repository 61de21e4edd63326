//! The kinds of planted events, and the commitments that each breaks.

/// What planted events of one kind break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planted {
    /// What happened, for the log.
    pub(super) what: &'static str,
    /// The commitments, in catalog order.
    pub(super) breaks: &'static [&'static str],
}

const RESIDENCY: &str = "entra.eu-data-residency";
pub(super) const BOUNDARY: &str = "entra.eu-data-boundary";
const GEOGRAPHY: &str = "intune.storage-geography";

/// The kinds of native events that break something.
#[derive(Clone, Copy, Debug)]
pub(super) enum Breach {
    ProcessedAbroad,
    StoredAbroad,
    StoredAbroadFromBritain,
    StoredInBritain,
    StoredOutsideGeography,
    NotifiedFromAfar,
    CountryChanged,
    MovedUnasked,
    Profiled,
    ProfiledAbroad,
    Uncertified,
    KeptTooLong,
}

impl Breach {
    pub(super) const ALL: [Self; 12] = [
        Self::ProcessedAbroad,
        Self::StoredAbroad,
        Self::StoredOutsideGeography,
        Self::NotifiedFromAfar,
        Self::CountryChanged,
        Self::MovedUnasked,
        Self::Profiled,
        Self::Uncertified,
        Self::KeptTooLong,
        Self::StoredAbroadFromBritain,
        Self::StoredInBritain,
        Self::ProfiledAbroad,
    ];

    pub(super) fn planted(self) -> Planted {
        let (what, breaks): (_, &'static [&'static str]) = match self {
            Self::ProcessedAbroad => ("processed outside the EU Data Boundary", &[BOUNDARY]),
            Self::StoredAbroad => ("stored outside Europe", &[RESIDENCY, BOUNDARY]),
            Self::StoredAbroadFromBritain => {
                ("a British tenant's data stored outside Europe", &[RESIDENCY])
            }
            Self::StoredInBritain => ("stored in Europe, outside the boundary", &[BOUNDARY]),
            Self::StoredOutsideGeography => ("stored outside the Intune geography", &[GEOGRAPHY]),
            Self::NotifiedFromAfar => {
                ("a notification e-mail processed elsewhere", &["intune.notification-email"])
            }
            Self::CountryChanged => {
                ("the directory's country changed", &["intune.immutable-country"])
            }
            Self::MovedUnasked => {
                ("moved without a request", &[GEOGRAPHY, "intune.no-unrequested-move"])
            }
            Self::Profiled => ("used for profiling or marketing", &["intune.no-profiling"]),
            Self::ProfiledAbroad => {
                ("profiled and stored elsewhere", &[GEOGRAPHY, "intune.no-profiling"])
            }
            Self::Uncertified => {
                ("processed without an ISO certificate", &["intune.certified-processing"])
            }
            Self::KeptTooLong => {
                ("an audit log kept for over a year", &["intune.audit-log-retention"])
            }
        };
        Planted { what, breaks }
    }
}
