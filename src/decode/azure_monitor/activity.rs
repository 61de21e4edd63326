//! Azure's Activity Log and the logs of single resources.
//!
//! In: the record's fields. Out: an event whose service is the resource's provider and whose
//! place is the front end that took the call, else the resource's region. It does not know what
//! data a call was about; the catalog's defaults for the service hold.

use std::mem::take;

use super::record::Record;
use super::{Origin, begin, moment, plain_id, region, served_in, tenant};
use crate::code::Unreadable;
use crate::decode::json::Text;
use crate::event::{Event, ServiceName};

pub(super) fn read<'a>(
    mut record: Record<'a>,
    origin: &Origin<'a>,
) -> Result<Event<'a>, Unreadable> {
    let tenant = tenant(&mut record, origin)?;
    let time = moment(&mut record, None)?;
    let service = origin.provider.clone().map_or(ServiceName::Unnamed, ServiceName::Provider);
    let mut event = begin(&mut record, service, tenant, time)?;
    event.id = plain_id(&mut record, Text::Absent, "correlationId")?;
    let front_end = take(&mut record.role_location);
    let place = match region(front_end, "RoleLocation")? {
        None => served_in(&mut record)?,
        stated => stated,
    };
    match place {
        // Entra has sign-in logs that are not read by name; there, two letters are the country
        // that a user was in and never a region.
        Some(country) if country.text().len() == 2 && is_entra(origin) => {
            event.access_location = Some(country.text().to_owned().into());
        }
        place => event.processing_location = place,
    }
    Ok(event)
}

fn is_entra(origin: &Origin<'_>) -> bool {
    origin.provider.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("microsoft.aadiam"))
}
