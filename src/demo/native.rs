//! Native events of the demo: what each kind says, and which commitments it breaks.

use jiff::{SignedDuration, Timestamp};

use super::breach::Breach;
use super::random::Rng;
use super::tenants::{self, Special, Tenant};
use crate::event::{Action, Capability, NativeEvent, Purpose};

/// Azure regions inside the EU Data Boundary.
pub(super) const INSIDE: [&str; 8] = [
    "westeurope",
    "northeurope",
    "francecentral",
    "germanywestcentral",
    "swedencentral",
    "switzerlandnorth",
    "norwayeast",
    "polandcentral",
];

/// Azure regions outside Europe.
const ABROAD: [&str; 7] =
    ["eastus", "westus2", "brazilsouth", "southeastasia", "japaneast", "uaenorth", "centralindia"];

/// Services and data that no exception speaks of, save those for optional capabilities.
const UNEXCEPTED: [(&str, &str, &str); 8] = [
    ("entra.identity-governance", "user_account.other", "Review access"),
    ("entra.customer-lockbox", "usage", "Approve lockbox request"),
    ("entra.certificate-service", "user_account.other", "Renew certificate"),
    ("entra.sync-fabric", "user_account.other", "Provision user"),
    ("entra.multifactor-authentication", "usage", "Evaluate fraud alert"),
    ("entra.sign-in", "branding", "Render sign-in page"),
    ("entra.my-apps", "branding", "Render launcher"),
    ("entra.other", "usage", "Evaluate risk"),
];

/// Services and data that `entra.transactions` lets be processed anywhere.
const TRANSACTIONS: [(&str, &str, &str); 5] = [
    ("entra.sign-in", "usage", "Sign-in activity"),
    ("entra.my-account", "user_account.other", "View profile"),
    ("entra.connect", "device_account", "Export to directory"),
    ("entra.terms-of-use", "service_configuration.terms_of_use", "Accept terms of use"),
    ("entra.self-service-credentials-management", "user_account.other", "Reset password"),
];

/// Personal data that Intune holds.
const INTUNE: [(&str, &str); 4] = [
    ("device_account", "Enroll device"),
    ("user_account.other", "Assign primary user"),
    ("usage", "Report app usage"),
    ("device_account", "Evaluate compliance"),
];

/// The tenants by what holds for them, and the random choices.
#[derive(Debug)]
pub(super) struct Native {
    pub(super) boundary: Vec<Tenant>,
    /// Of those, the ones with nothing special.
    pub(super) plain_boundary: Vec<Tenant>,
    rest_of_europe: Vec<Tenant>,
    pub(super) elsewhere: Vec<Tenant>,
    plain: Vec<Tenant>,
}

impl Native {
    pub(super) fn new() -> Self {
        let those = |which: &dyn Fn(&Tenant) -> bool| -> Vec<Tenant> {
            tenants::ALL.iter().filter(|tenant| which(tenant)).copied().collect()
        };
        let plain = |tenant: &Tenant| tenant.special == Special::Plain;
        Self {
            boundary: those(&Tenant::in_boundary),
            plain_boundary: those(&|tenant| tenant.in_boundary() && plain(tenant)),
            rest_of_europe: those(&Tenant::in_rest_of_europe),
            elsewhere: those(&|tenant| !tenant.in_boundary() && !tenant.in_rest_of_europe()),
            plain: those(&plain),
        }
    }

    /// An event that breaks exactly what [`Breach::planted`] says.
    pub(super) fn breach(&self, breach: Breach, rng: &mut Rng, now: Timestamp) -> NativeEvent {
        let european = rng.pick(&self.plain_boundary);
        let british = rng.pick(&self.rest_of_europe);
        let anyone = rng.pick(&self.plain);
        let (service, category, operation) = rng.pick(&UNEXCEPTED);
        let entra = |rng: &mut Rng, tenant: Tenant| {
            event(rng, now, tenant, service, Some(category), operation)
        };
        let device = |rng: &mut Rng| {
            let (category, operation) = rng.pick(&INTUNE);
            let mut event = event(rng, now, anyone, "intune", Some(category), operation);
            event.location_at_rest = place(rng.pick(anyone.intune_regions()));
            event
        };
        let elsewhere = place(rng.pick(anyone.foreign_intune_regions()));
        match breach {
            Breach::ProcessedAbroad => NativeEvent {
                location_at_rest: place(rng.pick(&INSIDE)),
                processing_location: place(rng.pick(&ABROAD)),
                purpose: Some(Purpose::ServiceOperation),
                ..entra(rng, european)
            },
            Breach::StoredAbroad => NativeEvent {
                location_at_rest: place(rng.pick(&ABROAD)),
                processing_location: place(rng.pick(&INSIDE)),
                ..entra(rng, european)
            },
            Breach::StoredAbroadFromBritain => {
                NativeEvent { location_at_rest: place(rng.pick(&ABROAD)), ..entra(rng, british) }
            }
            Breach::StoredInBritain => {
                NativeEvent { location_at_rest: place("uksouth"), ..entra(rng, european) }
            }
            Breach::StoredOutsideGeography => {
                NativeEvent { location_at_rest: elsewhere, ..device(rng) }
            }
            Breach::NotifiedFromAfar => {
                let afar = if anyone.in_emea() { "eastus" } else { "westeurope" };
                NativeEvent {
                    data_categories: Some(vec!["user_account.email_address".into()]),
                    processing_location: place(afar),
                    purpose: Some(Purpose::EmailNotification),
                    ..device(rng)
                }
            }
            Breach::CountryChanged => {
                let service = if rng.chance(0.5) { "intune" } else { "entra.directory-core-store" };
                NativeEvent {
                    action: Some(Action::ChangeCountry),
                    ..event(rng, now, anyone, service, None, "Update company information")
                }
            }
            Breach::MovedUnasked => NativeEvent {
                action: Some(Action::MoveData),
                location_at_rest: elsewhere,
                ..device(rng)
            },
            Breach::Profiled => NativeEvent { purpose: Some(unwanted(rng)), ..device(rng) },
            Breach::ProfiledAbroad => NativeEvent {
                purpose: Some(unwanted(rng)),
                location_at_rest: elsewhere,
                ..device(rng)
            },
            Breach::Uncertified => NativeEvent {
                processing_location: place(rng.pick(anyone.intune_regions())),
                certifications: Some(vec!["SOC 2 Type II".into()]),
                ..device(rng)
            },
            Breach::KeptTooLong => NativeEvent {
                action: Some(Action::Observe),
                data_categories: Some(vec!["audit_log".into()]),
                recorded: Some(days_before(now, 370 + rng.below(600) as i64)),
                ..device(rng)
            },
        }
    }

    /// An event that breaks nothing.
    pub(super) fn ordinary(&self, rng: &mut Rng, now: Timestamp) -> NativeEvent {
        match rng.below(100) {
            0..25 => self.at_home(rng, now),
            25..45 => self.device(rng, now),
            45..60 => self.excepted(rng, now),
            60..72 => self.device_excepted(rng, now),
            72..88 => self.out_of_scope(rng, now),
            88..94 => self.rest_of_europe(rng, now),
            _ => self.undecidable(rng, now),
        }
    }

    fn at_home(&self, rng: &mut Rng, now: Timestamp) -> NativeEvent {
        let tenant = rng.pick(&self.boundary);
        let (service, category, operation) =
            if rng.chance(0.5) { rng.pick(&UNEXCEPTED) } else { rng.pick(&TRANSACTIONS) };
        NativeEvent {
            location_at_rest: place(rng.pick(&INSIDE)),
            processing_location: place(rng.pick(&INSIDE)),
            ..event(rng, now, tenant, service, Some(category), operation)
        }
    }

    fn out_of_scope(&self, rng: &mut Rng, now: Timestamp) -> NativeEvent {
        let tenant = rng.pick(&self.elsewhere);
        let (service, category, operation) = rng.pick(&TRANSACTIONS);
        NativeEvent {
            location_at_rest: place(rng.pick(tenant.intune_regions())),
            processing_location: place(rng.pick(&ABROAD)),
            ..event(rng, now, tenant, service, Some(category), operation)
        }
    }

    fn rest_of_europe(&self, rng: &mut Rng, now: Timestamp) -> NativeEvent {
        let tenant = rng.pick(&self.rest_of_europe);
        let (service, category, operation) = rng.pick(&UNEXCEPTED);
        NativeEvent {
            location_at_rest: place(rng.pick(&["uksouth", "ukwest", "northeurope"])),
            // Only storage is promised to them.
            processing_location: place(rng.pick(&ABROAD)),
            ..event(rng, now, tenant, service, Some(category), operation)
        }
    }

    fn excepted(&self, rng: &mut Rng, now: Timestamp) -> NativeEvent {
        let tenant = rng.pick(&self.boundary);
        let which = rng.below(5);
        let mut said =
            |service, category, operation, purpose: Option<Purpose>, rest, processing| {
                NativeEvent {
                    purpose,
                    location_at_rest: rest,
                    processing_location: processing,
                    ..event(rng, now, tenant, service, Some(category), operation)
                }
            };
        let us = place("eastus");
        match tenant.special {
            Special::CollaboratesWith(other) => NativeEvent {
                collaborating_tenant: Some(tenants::id(other)),
                ..said(
                    "entra.multi-tenant-collaboration",
                    "user_account.other",
                    "Invite external user",
                    None,
                    us.clone(),
                    us,
                )
            },
            Special::ApplicationProxy => {
                said("entra.application-proxy", "usage", "Publish app", None, us.clone(), us)
            }
            Special::MultiGeo => said(
                "entra.multi-geo",
                "user_account.other",
                "Replicate for backup sign-in",
                Some(Purpose::BackupAuthentication),
                place("japaneast"),
                place("australiaeast"),
            ),
            Special::Legacy => said(
                "entra.directory-core-store",
                "user_account.other",
                "Update user",
                Some(Purpose::ServiceOperation),
                us.clone(),
                us,
            ),
            _ => {
                let home = place("westeurope");
                match which {
                    0 => said(
                        "entra.multifactor-authentication",
                        "user_account.phone_number",
                        "Send text message",
                        Some(Purpose::Telephony),
                        home,
                        us,
                    ),
                    1 => said(
                        "entra.dynamic-groups",
                        "service_configuration.group",
                        "Analyse group membership",
                        Some(Purpose::Analytics),
                        us.clone(),
                        us,
                    ),
                    2 => said(
                        "entra.identity-governance",
                        "user_account.email_address",
                        "Notify reviewer",
                        Some(Purpose::EmailNotification),
                        home,
                        us,
                    ),
                    more => {
                        let purpose = (more == 3).then_some(Purpose::ServiceOperation);
                        said("entra.sign-in", "usage", "Sign-in activity", purpose, home, us)
                    }
                }
            }
        }
    }

    fn device(&self, rng: &mut Rng, now: Timestamp) -> NativeEvent {
        let tenant = rng.pick(&tenants::ALL);
        let (category, operation) = rng.pick(&INTUNE);
        let home = place(rng.pick(tenant.intune_regions()));
        let inside = NativeEvent {
            location_at_rest: home.clone(),
            ..event(rng, now, tenant, "intune", Some(category), operation)
        };
        match rng.below(10) {
            0 => NativeEvent {
                processing_location: home,
                certifications: Some(vec!["ISO/IEC 27001:2022".into(), "SOC 2".into()]),
                ..inside
            },
            1 => NativeEvent {
                action: Some(Action::Observe),
                data_categories: Some(vec!["audit_log".into()]),
                recorded: Some(days_before(now, rng.below(350) as i64)),
                ..inside
            },
            2 => NativeEvent {
                action: Some(Action::Delete),
                subject: Some(rng.guid()),
                operation: Some("Delete device record".into()),
                ..inside
            },
            3 => NativeEvent { purpose: Some(Purpose::ServiceOperation), ..inside },
            _ => inside,
        }
    }

    fn device_excepted(&self, rng: &mut Rng, now: Timestamp) -> NativeEvent {
        let tenant = rng.pick(&tenants::ALL);
        let (category, operation) = rng.pick(&INTUNE);
        let said = event(rng, now, tenant, "intune", Some(category), operation);
        let foreign = place(rng.pick(tenant.foreign_intune_regions()));
        match (tenant.special, rng.below(3)) {
            (Special::Cdn, _) => NativeEvent {
                capabilities: Some(vec![Capability::Cdn]),
                location_at_rest: foreign,
                ..said
            },
            (Special::Moving, _) => NativeEvent {
                action: Some(Action::MoveData),
                location_at_rest: place("westeurope"),
                ..said
            },
            (_, 0) => NativeEvent {
                capabilities: Some(vec![Capability::Preview]),
                location_at_rest: foreign,
                ..said
            },
            (_, 1) => {
                let near = match (tenant.special, tenant.in_emea()) {
                    (Special::Sovereign, _) => "germanywestcentral",
                    (_, true) => "uksouth",
                    (_, false) => "centralus",
                };
                NativeEvent {
                    data_categories: Some(vec!["user_account.email_address".into()]),
                    location_at_rest: place(near),
                    processing_location: place(near),
                    purpose: Some(Purpose::EmailNotification),
                    ..said
                }
            }
            _ => NativeEvent {
                purpose: rng.pick(&[
                    Some(Purpose::CustomerSupport),
                    Some(Purpose::Troubleshooting),
                    Some(Purpose::LegalRequirement),
                ]),
                location_at_rest: foreign,
                ..said
            },
        }
    }

    fn undecidable(&self, rng: &mut Rng, now: Timestamp) -> NativeEvent {
        let tenant = rng.pick(&self.boundary);
        let (service, category, operation) = rng.pick(&UNEXCEPTED);
        let said = event(rng, now, tenant, service, Some(category), operation);
        match rng.below(3) {
            0 => said,
            1 => NativeEvent { location_at_rest: place("emea"), ..said },
            _ => NativeEvent {
                // Not in the directory.
                tenant: tenants::id(900),
                processing_location: place(rng.pick(&ABROAD)),
                ..said
            },
        }
    }
}

fn place(name: &str) -> Option<String> {
    Some(name.to_owned())
}

fn unwanted(rng: &mut Rng) -> Purpose {
    if rng.chance(0.5) { Purpose::Profiling } else { Purpose::Marketing }
}

fn days_before(now: Timestamp, days: i64) -> String {
    now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now).to_string()
}

fn event(
    rng: &mut Rng,
    now: Timestamp,
    tenant: Tenant,
    service: &str,
    category: Option<&str>,
    operation: &str,
) -> NativeEvent {
    NativeEvent {
        id: rng.guid(),
        time: now.to_string(),
        service: service.into(),
        tenant: tenant.id(),
        operation: Some(operation.into()),
        data_categories: category.map(|category| vec![category.into()]),
        ..NativeEvent::default()
    }
}
